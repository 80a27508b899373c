import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Queue } from '../rig/queue.ts';
import { startServer } from '../rig/servers.ts';

/** A Node binary with a WebSocket client of its own, which Node 20 has only behind a flag. */
const NODE_24 = process.env.HAWSER_NODE_24;
const SKIP_REASON = "HAWSER_NODE_24 names no Node 24 binary: Node's own WebSocket client was not tried";

describe("our server, Node's own client", () => {
  test('server echoes, chooses, closes and refuses', async (context) => {
    if (NODE_24 === undefined || NODE_24 === '') {
      console.warn(SKIP_REASON);
      return context.skip(SKIP_REASON);
    }
    const closes = new Queue<[number, string]>();
    const { url } = await startServer<string>({
      maxMessageBytes: 10_000_000,
      upgrade: (request) => {
        if (request.url === '/refuse') return { status: 403 };
        return { data: request.url, ...(request.url === '/protocol' && { protocol: 'b' }) };
      },
      open: (socket) => {
        if (socket.data === '/close') socket.close(4001, 'grüß ☃');
      },
      message: (socket, data, isBinary) => void socket.send(data, { binary: isBinary }),
      close: (socket, code, reason) => {
        if (socket.data === '/protocol') closes.push([code, reason]);
      },
    });
    const script = join(__dirname, 'node-client.mjs');
    const { stdout } = await promisify(execFile)(NODE_24, [script, url], { timeout: 20_000 });
    const [text, bytes] = ['string', 'object'].map((type) => ({
      isSame: true,
      type,
      code: 1005,
      wasClean: true,
    }));
    expect(JSON.parse(stdout)).toEqual({
      echoes: [text, text, text, bytes, bytes, bytes],
      protocol: { protocol: 'b', extensions: '' },
      close: { code: 4001, reason: 'grüß ☃', wasClean: true },
      refused: 'error event',
    });
    expect(await closes.next()).toEqual([3000, 'grüß ☃ 😀']);
  });
});

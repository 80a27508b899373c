import { randomBytes } from 'node:crypto';
import { getDefaultHighWaterMark, setDefaultHighWaterMark } from 'node:stream';
import { type ServerSocket, type WebSocketServerOptions, WebSocketStream } from '@hawser/ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { recordCloses } from '../rig/closes.ts';
import { compressible, deflate, inflate, OFFER, RSV1 } from '../rig/compressed.ts';
import { usedBytes } from '../rig/memory.ts';
import { Queue } from '../rig/queue.ts';
import { BINARY, CLOSE, closePayload, frame, TEXT } from '../rig/raw-frame.ts';
import { openRaw, type RawPeer } from '../rig/raw-peer.ts';
import { startServer } from '../rig/servers.ts';

const LARGE = compressible('large', 100_000);

/** Opens a connection to a server that answers every message with one that takes its time to compress. */
async function openToSlowAnswers(options: WebSocketServerOptions<undefined> = {}) {
  const { closes, close } = recordCloses();
  const { port } = await startServer({
    compression: true,
    message: (socket) => void socket.send(LARGE),
    close,
    ...options,
  });
  return { peer: await openRaw(port, OFFER), closes };
}

async function readLarge(peer: RawPeer): Promise<void> {
  const { rsv, payload } = await peer.frame();
  expect(rsv === RSV1 ? inflate(payload) : payload.toString()).toBe(LARGE);
}

describe('RFC 7692 6.1 the end of a connection that compresses', () => {
  test('server whose client closes sends what waits to be compressed before its own close frame', async () => {
    const { peer, closes } = await openToSlowAnswers();
    peer.write(frame(TEXT, 'question'), frame(CLOSE, closePayload(1000)));
    await readLarge(peer);
    expect(await peer.close()).toEqual({ code: 1000, reason: '' });
    peer.stream.end();
    expect((await closes.next()).code).toBe(1000);
  });

  test('server whose client ends half of the connection sends what waits to be compressed', async () => {
    const { peer } = await openToSlowAnswers();
    peer.write(frame(TEXT, 'question'));
    peer.stream.end();
    await readLarge(peer);
    await peer.ended;
  });

  test('server sends what waits to be compressed before it fails the connection', async () => {
    const { peer } = await openToSlowAnswers();
    peer.write(frame(TEXT, 'question'), frame(TEXT, Buffer.from('c328', 'hex')));
    await readLarge(peer);
    expect((await peer.close()).code).toBe(1007);
  });

  /** As Node 22 has it; and what was compressed fits, so that the stream never asks for a drain. */
  function enlargeStreams(): void {
    const before = getDefaultHighWaterMark(false);
    setDefaultHighWaterMark(false, 1_000_000);
    onTestFinished(() => setDefaultHighWaterMark(false, before));
  }

  test('server that closes while it compresses reads on, whatever it waited for, and reports the drain', async () => {
    enlargeStreams();
    const events = new Queue<string>();
    const { peer } = await openToSlowAnswers({
      slowConsumer: 'wait',
      maxBufferedBytes: 150_000,
      closeTimeoutMs: 3_600_000,
      message: (socket) => {
        events.push(socket.send(LARGE));
        socket.close();
      },
      drain: ({ bufferedBytes }) => events.push(`drain ${bufferedBytes}`),
      close: () => events.push('close'),
    });
    peer.write(frame(TEXT, 'question'));
    await readLarge(peer);
    await peer.close();
    peer.write(frame(CLOSE, closePayload(1000)));
    await peer.ended;
    peer.stream.end();
    expect(await events.take(3)).toEqual(['queued', 'drain 0', 'close']);
  });

  test('stream fulfils the write that was being compressed when it was closed', async () => {
    enlargeStreams();
    const received = new Queue<number>();
    const { url } = await startServer({
      compression: true,
      message: (_socket, data) => received.push(data.length),
    });
    const stream = new WebSocketStream(url);
    const { writable } = await stream.opened;
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    const written = writer.write(LARGE);
    stream.close();
    await expect(written).resolves.toBeUndefined();
    expect(await received.next()).toBe(100_000);
  });

  test('server that is told to close with a code that cannot be sent goes on compressing', async () => {
    const { peer } = await openToSlowAnswers({
      message: (socket) => {
        socket.send(LARGE);
        setImmediate(() => expect(() => socket.close(999)).toThrow('999'));
      },
    });
    peer.write(frame(TEXT, 'question'));
    const { rsv } = await peer.frame();
    expect(rsv).toBe(RSV1);
  });

  test('server that keeps closed sockets does not keep what their messages could have referred to', async () => {
    const COUNT = 50;
    const kept: ServerSocket[] = [];
    const { closes, close } = recordCloses();
    const { port } = await startServer({
      compression: { clientNoContextTakeover: false },
      message: (socket) => void kept.push(socket),
      close,
    });
    const message = frame(BINARY, deflate(randomBytes(60_000)), { rsv: RSV1 });
    const before = await usedBytes();
    for (let i = 0; i < COUNT; i++) {
      const peer = await openRaw(port, OFFER);
      peer.write(message, frame(CLOSE));
      await peer.close();
      peer.stream.destroy();
      await closes.next();
    }
    const keptBytes = (await usedBytes()) - before;
    expect(kept).toHaveLength(COUNT);
    expect(keptBytes / COUNT).toBeLessThan(20_000);
  });
});

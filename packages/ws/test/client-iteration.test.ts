import type { Socket } from 'node:net';
import type { WebSocket } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { makeClient, next, openToRaw } from './rig/clients.ts';
import { usedBytes } from './rig/memory.ts';
import { Queue } from './rig/queue.ts';
import { BINARY, CLOSE, closePayload, serverFrame, TEXT } from './rig/raw-frame.ts';
import { startRawServer } from './rig/raw-server.ts';
import { startServer } from './rig/servers.ts';
import { turn } from './rig/slow-peers.ts';

const TEXTS = Array.from({ length: 50 }, (_, i) => `${i}`);

function framesOf(texts: readonly string[]): Buffer {
  return Buffer.concat(texts.map((text) => serverFrame(TEXT, text)));
}

const GOODBYE = serverFrame(CLOSE, closePayload(1000));

async function collect(client: WebSocket): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const data of client) all.push(data);
  return all;
}

describe('for await over a client', () => {
  test('client yields each message, and ends with a clean close', async () => {
    const { client, peer } = await openToRaw();
    peer.stream.end(Buffer.concat([framesOf(TEXTS), GOODBYE]));
    expect(await collect(client)).toEqual(TEXTS);
    expect(client.readyState).toBe(3);
  });

  test('client yields data as binaryType says', async () => {
    const { client, peer } = await openToRaw();
    client.binaryType = 'arraybuffer';
    peer.stream.end(Buffer.concat([serverFrame(BINARY, 'ab'), serverFrame(TEXT, 'ab'), GOODBYE]));
    expect(await collect(client)).toEqual([Uint8Array.of(97, 98).buffer, 'ab']);
  });

  test('client misses nothing when the loop begins behind the constructor', async () => {
    const server = await startRawServer();
    const all = collect(makeClient(server.url));
    const peer = await server.open({}, Buffer.concat([framesOf(TEXTS), GOODBYE]));
    peer.stream.end();
    expect(await all).toEqual(TEXTS);
  });

  test.each(['in the open handler', 'in what awaits it'])(
    'client misses nothing when the loop begins %s',
    async (where) => {
      const server = await startRawServer();
      const client = makeClient(server.url);
      const all =
        where === 'in the open handler'
          ? new Promise((resolve) => {
              client.onopen = () => resolve(collect(client));
            })
          : next(client, 'open').then(async () => collect(client));
      const peer = await server.open({}, Buffer.concat([framesOf(TEXTS), GOODBYE]));
      peer.stream.end();
      expect(await all).toEqual(TEXTS);
    },
  );

  test('client yields no message from before the loop', async () => {
    const { client, peer } = await openToRaw();
    peer.write(serverFrame(TEXT, 'before'));
    await next(client, 'message');
    const all = collect(client);
    peer.stream.end(Buffer.concat([framesOf(['1']), GOODBYE]));
    expect(await all).toEqual(['1']);
  });

  test('client that was paused in between misses nothing', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    client.pause();
    const peer = await server.open({}, Buffer.concat([framesOf(TEXTS), GOODBYE]));
    peer.stream.end();
    await next(client, 'open');
    for (let i = 0; i < 5; i++) await turn();
    expect(await collect(client)).toEqual(TEXTS);
  });

  test('client fires its events beside the loop', async () => {
    const { client, peer } = await openToRaw();
    const events: string[] = [];
    client.onmessage = ({ data }) => events.push(data);
    peer.stream.end(Buffer.concat([framesOf(['1', '2']), GOODBYE]));
    expect(await collect(client)).toEqual(['1', '2']);
    expect(events).toEqual(['1', '2']);
  });

  test('client that is paused while the loop runs is resumed by nobody else', async () => {
    const { client, peer } = await openToRaw();
    const [seen, yielded] = [new Queue<string>(), new Queue<string>()];
    client.onmessage = ({ data }) => {
      seen.push(data);
      if (data === '2') client.pause();
    };
    const ended = (async () => {
      for await (const data of client) yielded.push(data as string);
    })();
    peer.stream.end(Buffer.concat([framesOf(['1', '2', '3']), GOODBYE]));
    expect(await yielded.take(2)).toEqual(['1', '2']);
    for (let i = 0; i < 5; i++) await turn();
    expect(await seen.take(2)).toEqual(['1', '2']);
    expect([seen.length, client.readyState]).toEqual([0, 1]);
    client.resume();
    await ended;
    expect([await seen.next(), await yielded.next()]).toEqual(['3', '3']);
  });

  test.each([1000, undefined])(
    'client that is paused while the loop runs is closed with %s',
    async (code) => {
      const { client, peer } = await openToRaw();
      client.onmessage = () => client.pause();
      const all = collect(client);
      peer.write(framesOf(['1', '2', '3']));
      await next(client, 'message');
      client.close(code);
      await peer.close();
      peer.stream.end(GOODBYE);
      expect(await all).toEqual(['1']);
    },
  );

  test('client is paused while the loop is busy: one message waits, at most', async () => {
    const { client, peer } = await openToRaw();
    let delivered = 0;
    client.onmessage = () => {
      delivered++;
    };
    peer.stream.end(Buffer.concat([framesOf(TEXTS), GOODBYE]));
    let consumed = 0;
    for await (const data of client) {
      expect(data).toBe(TEXTS[consumed]);
      consumed++;
      for (let i = 0; i < 3; i++) await turn();
      expect(delivered).toBeLessThanOrEqual(consumed + 1);
    }
    expect(consumed).toBe(TEXTS.length);
  });

  test('client keeps little in memory while the loop is busy, and the server waits', async () => {
    const SIZE = 65_536;
    const COUNT = 1_000;
    const { url } = await startServer({
      maxBufferedBytes: 4 * SIZE,
      slowConsumer: 'drop',
      open: (socket) => pump(socket as never),
      drain: (socket) => pump(socket as never),
    });
    let sent = 0;
    const block = Buffer.alloc(SIZE);
    const pump = (socket: { send(data: Buffer): string; close(): void }) => {
      while (sent < COUNT) {
        const result = socket.send(block);
        if (result === 'dropped' || result === 'closed') return;
        sent++;
        if (result === 'queued') return;
      }
      socket.close();
    };
    const client = makeClient(url);
    client.binaryType = 'arraybuffer';
    let received = 0;
    for await (const data of client) {
      expect((data as ArrayBuffer).byteLength).toBe(SIZE);
      if (++received !== 1) continue;
      const before = await usedBytes();
      for (let i = 0; i < 200; i++) await turn();
      // All of it is 65 MB; the kernel holds some, our memory nearly none.
      expect((await usedBytes()) - before).toBeLessThan(8_000_000);
      expect(sent).toBeLessThan(COUNT);
    }
    expect(received).toBe(COUNT);
  });
});

describe('the end of a loop over a client', () => {
  test.each([
    ['ends without a close frame', Buffer.alloc(0), /without a close frame/],
    ['breaks the protocol', serverFrame(3, ''), /opcode/],
  ])('client yields what came, then throws, when the server %s', async (_, bytes, message) => {
    const { client, peer } = await openToRaw();
    const all: unknown[] = [];
    const failed = next(client, 'error');
    peer.stream.end(Buffer.concat([framesOf(TEXTS), bytes]));
    const loop = (async () => {
      for await (const data of client) all.push(data);
    })();
    const error = await loop.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(all).toEqual(TEXTS);
    expect(error).toMatchObject({
      name: 'WebSocketError',
      code: 'WS_ERR_CONNECTION_FAILED',
      closeCode: 1006,
    });
    expect(error).toMatchObject({ message: expect.stringMatching(message) });
    expect((await failed).error).toBe(error);
  });

  test('client yields what waits before it throws, however slow the loop', async () => {
    const { client, peer } = await openToRaw();
    const closed = next(client, 'close');
    peer.write(framesOf(['1', '2']));
    const all: unknown[] = [];
    const loop = (async () => {
      for await (const data of client) {
        all.push(data);
        for (let i = 0; i < 5; i++) await turn();
        (peer.stream as Socket).resetAndDestroy();
        await closed;
      }
    })();
    await expect(loop).rejects.toMatchObject({ code: 'WS_ERR_CONNECTION_FAILED' });
    expect(all).toEqual(['1', '2']);
  });

  test('client throws why it could not connect', async () => {
    const early = collect(makeClient('ws://127.0.0.1:1/'));
    await expect(early).rejects.toMatchObject({ code: 'WS_ERR_CONNECT_FAILED', closeCode: null, reason: '' });
    const client = makeClient('ws://127.0.0.1:1/');
    await next(client, 'close');
    await expect(collect(client)).rejects.toMatchObject({ code: 'WS_ERR_CONNECT_FAILED' });
    const closed = makeClient('ws://127.0.0.1:1/');
    closed.close();
    await expect(collect(closed)).rejects.toMatchObject({ code: 'WS_ERR_CLOSED_BEFORE_OPEN' });
  });

  test('client ends a loop at once when it is closed already', async () => {
    const { client, peer } = await openToRaw();
    peer.stream.end(GOODBYE);
    await next(client, 'close');
    expect(await collect(client)).toEqual([]);
    expect(await collect(client)).toEqual([]);
  });

  test('client ends the loop when it is terminated', async () => {
    const { client, peer } = await openToRaw();
    const all = collect(client);
    peer.write(serverFrame(TEXT, '1'));
    await next(client, 'message');
    client.terminate();
    expect(await all).toEqual(['1']);
  });

  test.each(['break', 'throw'])('client closes when the loop is left by %s', async (how) => {
    const { client, peer } = await openToRaw();
    peer.write(framesOf(['1', '2', '3']));
    const loop = (async () => {
      for await (const data of client) {
        if (how === 'throw') throw new Error(`at ${data}`);
        break;
      }
    })();
    if (how === 'throw') await expect(loop).rejects.toThrow('at 1');
    else await loop;
    expect(client.readyState).toBe(2);
    const closed = next(client, 'close');
    expect(await peer.close()).toEqual({ code: 1005, reason: '' });
    // What was on its way is dropped, and holds nothing up.
    peer.stream.end(Buffer.concat([framesOf(TEXTS), GOODBYE]));
    expect(await closed).toMatchObject({ code: 1000, wasClean: true });
    expect(await collect(client)).toEqual([]);
  });

  test('client throws a TypeError when a second loop begins beside the first', async () => {
    const { client, peer } = await openToRaw();
    const all = collect(client);
    await expect(collect(client)).rejects.toThrow(TypeError);
    peer.stream.end(Buffer.concat([framesOf(['1']), GOODBYE]));
    expect(await all).toEqual(['1']);
  });

  test('client can be iterated by hand, several calls ahead', async () => {
    const { client, peer } = await openToRaw();
    const iterator = client[Symbol.asyncIterator]();
    const results = new Queue<unknown>();
    for (let i = 0; i < 3; i++) void iterator.next().then((result) => results.push(result));
    peer.stream.end(Buffer.concat([framesOf(['1', '2']), GOODBYE]));
    expect(await results.take(3)).toEqual([
      { value: '1', done: false },
      { value: '2', done: false },
      { value: undefined, done: true },
    ]);
  });
});

import { constants, type ServerHttp2Stream } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServerSocket, WebSocketStream } from '@hawser/ws';
import { describe, expect, test, vi } from 'vitest';
import { next, openClient } from '../rig/clients.ts';
import { recordCloses } from '../rig/closes.ts';
import { connectSession, openOverH2c, openStream, requestStream, responseOf } from '../rig/http2-peers.ts';
import { startOverH2c } from '../rig/http2-servers.ts';
import { Queue } from '../rig/queue.ts';
import { CLOSE, closePayload, TEXT } from '../rig/raw-frame.ts';
import { turn } from '../rig/slow-peers.ts';

/** More than all windows of a stream and a session hold. */
const MORE_THAN_THE_WINDOWS = 1_000_000;

/** Returns a handler that answers so many times, and then throws. */
function failBehind(answerCount: number): (socket: ServerSocket) => void {
  return (socket) => {
    for (let i = 0; i < answerCount; i++) socket.send(`answer ${i}`);
    throw new Error('out of order');
  };
}

describe('a stream that breaks', () => {
  test.each([constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_CANCEL, constants.NGHTTP2_INTERNAL_ERROR])(
    'server reports 1006 when it is reset with %i, and the session goes on',
    async (code) => {
      const { peer, session, closes } = await openOverH2c();
      peer.stream.close(code);
      expect(await closes.next()).toMatchObject({ code: 1006 });
      await openStream(session);
    },
  );

  test.each([0, 8])('server notices a reset with %i while it does not read', async (code) => {
    const { peer, socket, closes } = await openOverH2c({ slowConsumer: 'wait', maxBufferedBytes: 100_000 });
    peer.stream.pause();
    while (socket.send('x'.repeat(10_000)) !== 'dropped') await turn();
    peer.stream.close(code);
    expect(await closes.next()).toMatchObject({ code: 1006 });
    expect(socket.bufferedBytes).toBeGreaterThan(0);
  });

  test('server resets one that stays open behind its error, and the session goes on', async () => {
    const { closes, close } = recordCloses();
    const { http, port } = await startOverH2c({ close });
    const streams = new Queue<ServerHttp2Stream>();
    http.on('stream', (stream) => streams.push(stream));
    const session = await connectSession(port);
    const peer = await openStream(session);
    (await streams.next()).emit('error', new Error('the link is lost'));
    expect(await closes.next()).toEqual({ code: 1006, reason: 'the link is lost' });
    await peer.closed;
    expect(peer.stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    await openStream(session);
  });

  test('server reports 1006 when its client ends without a close frame, and ends as well', async () => {
    const { peer, closes } = await openOverH2c();
    peer.stream.end();
    expect(await closes.next()).toEqual({ code: 1006, reason: '' });
    expect(await peer.closed).toBeUndefined();
    expect(peer.stream.rstCode).toBe(0);
  });

  test('server still sends what it owes when its client ends behind the request for it', async () => {
    const { peer, closes } = await openOverH2c({
      message: (socket) => void socket.send('x'.repeat(MORE_THAN_THE_WINDOWS)),
    });
    peer.sendFrame(TEXT, 'all of it');
    peer.sendFrame(CLOSE, closePayload(1000));
    peer.stream.end();
    expect((await peer.frame()).payload).toHaveLength(MORE_THAN_THE_WINDOWS);
    expect(await peer.close()).toMatchObject({ code: 1000 });
    expect(await closes.next()).toMatchObject({ code: 1000 });
  });

  test('server reports 1006 for each stream when the TCP connection breaks', async () => {
    const { session, closes, server } = await openOverH2c();
    await openStream(session);
    await openStream(session);
    session.destroy();
    expect(await closes.take(3)).toEqual(Array(3).fill({ code: 1006, reason: '' }));
    expect(server.connectionCount).toBe(0);
  });

  test('server gives each stream the reason for which the session failed', async () => {
    const { session, closes, sessions } = await openOverH2c();
    await openStream(session);
    sessions[0]!.destroy(new Error('out of order'));
    expect(await closes.take(2)).toEqual(Array(2).fill({ code: 1006, reason: 'out of order' }));
  });
});

describe('a stream whose server fails', () => {
  test('client gets what came before, although it had paused', async () => {
    const { url } = await startOverH2c({ message: failBehind(1), error: () => {} });
    const client = await openClient(url, [], { http2: true });
    client.pause();
    client.send('go');
    await sleep(100);
    const message = next(client, 'message');
    const close = next(client, 'close');
    client.resume();
    expect((await message).data).toBe('answer 0');
    expect(await close).toMatchObject({ wasClean: true, code: 1011 });
  });

  test('client iterates over what came before, however slowly', async () => {
    const { url } = await startOverH2c({ message: failBehind(10), error: () => {} });
    const client = await openClient(url, [], { http2: true });
    const close = next(client, 'close');
    client.send('go');
    const got: unknown[] = [];
    for await (const data of client) {
      got.push(data);
      await sleep(5);
    }
    expect(got).toEqual(Array.from({ length: 10 }, (_, i) => `answer ${i}`));
    expect(await close).toMatchObject({ wasClean: true, code: 1011 });
  });
});

describe('a stream that ended while its last messages are held back', () => {
  test('client closes at once when it terminates', async () => {
    const { client } = await openPausedInItsLastChunk();
    const close = next(client, 'close');
    client.terminate();
    expect(await close).toMatchObject({ code: 1006 });
  });

  test('client gets them when it resumes, and closes then', async () => {
    const { client } = await openPausedInItsLastChunk();
    const message = next(client, 'message');
    const close = next(client, 'close');
    client.resume();
    expect((await message).data).toBe('answer 1');
    expect(await close).toMatchObject({ wasClean: true, code: 1011 });
  });

  test('stream closes in time although nobody reads them', async () => {
    const { url } = await startOverH2c({ message: failBehind(3), error: () => {} });
    const stream = new WebSocketStream(url, { http2: true, closeTimeoutMs: 50 });
    const { writable } = await stream.opened;
    const writer = writable.getWriter();
    await writer.write('go');
    await sleep(100);
    writer.close().catch(() => {});
    await expect(stream.closed).rejects.toThrow('without a close frame');
  });

  /** All that came was read, two messages and the close, and the listener for the first has paused. */
  async function openPausedInItsLastChunk() {
    const { url } = await startOverH2c({ message: failBehind(2), error: () => {} });
    const client = await openClient(url, [], { http2: true });
    client.addEventListener('message', () => client.pause(), { once: true });
    client.pause();
    client.send('go');
    await sleep(100);
    client.resume();
    await next(client, 'message');
    await sleep(50);
    return { client };
  }
});

describe('GOAWAY', () => {
  test.each(['client', 'server'])('open sockets go on when the %s closes the session', async (who) => {
    const { peer, session, closes, sessions } = await openOverH2c({
      message: (socket, data) => void socket.send(`echo ${data}`),
    });
    const [closing, told] = who === 'client' ? [session, sessions[0]!] : [sessions[0]!, session];
    const goaway = new Promise((resolve) => told.once('goaway', resolve));
    closing.close();
    expect(await goaway).toBe(constants.NGHTTP2_NO_ERROR);
    peer.sendFrame(TEXT, 'still here');
    expect(await peer.text()).toBe('echo still here');
    peer.sendFrame(CLOSE, closePayload(1000));
    expect(await peer.close()).toMatchObject({ code: 1000 });
    peer.stream.end();
    expect(await closes.next()).toMatchObject({ code: 1000 });
    await vi.waitFor(() => expect(session.destroyed).toBe(true));
  });
});

describe('flow control', () => {
  test('a reader that stops stalls its own stream alone, and shows in bufferedBytes', async () => {
    const drains = new Queue<number>();
    const { peer, socket, session, opened } = await openOverH2c({
      drain: ({ bufferedBytes }) => drains.push(bufferedBytes),
    });
    const reading = await openStream(session);
    const other = await opened.next();
    peer.stream.pause();
    expect(socket.send(Buffer.alloc(MORE_THAN_THE_WINDOWS))).toBe('queued');
    await turn();
    expect(socket.bufferedBytes).toBeGreaterThan(0);
    expect(socket.send('behind it')).toBe('queued');
    other.send('not held up');
    expect(await reading.text()).toBe('not held up');
    expect(drains).toHaveLength(0);
    peer.stream.resume();
    expect((await peer.frame()).payload).toHaveLength(MORE_THAN_THE_WINDOWS);
    expect(await peer.text()).toBe('behind it');
    // What was behind it is on its way.
    expect(await drains.next()).toBeLessThan(100);
  });

  test('server closes a slow consumer with 1008, and cuts it if it goes on not reading', async () => {
    const { peer, socket, closes } = await openOverH2c({ maxBufferedBytes: 200_000, closeTimeoutMs: 50 });
    peer.stream.pause();
    let result = socket.send('x'.repeat(10_000));
    while (result !== 'dropped') {
      await turn();
      result = socket.send('x'.repeat(10_000));
    }
    expect(await closes.next()).toMatchObject({
      code: 1008,
      reason: expect.stringContaining('slow consumer'),
    });
    expect(socket.bufferedBytes).toBeGreaterThan(0);
    expect(socket.bufferedBytes).toBeLessThanOrEqual(210_000);
  });

  test.each([1, 8_192, 12_000, 100_000])(
    'server drops at a bound of %i bytes, and drains',
    async (maxBufferedBytes) => {
      const drains = new Queue<void>();
      const { peer, socket } = await openOverH2c({
        slowConsumer: 'drop',
        maxBufferedBytes,
        drain: () => drains.push(),
      });
      peer.stream.pause();
      while (socket.send(Buffer.alloc(4_000)) !== 'dropped') await turn();
      // A stream may hold its high-water mark before it says that it is full.
      const { writableHighWaterMark } = peer.stream;
      expect(socket.bufferedBytes).toBeLessThanOrEqual(
        Math.max(maxBufferedBytes, writableHighWaterMark) + 4_004,
      );
      peer.stream.resume();
      await drains.next();
      // What the drain made room for is on its way.
      await vi.waitFor(() => expect(socket.bufferedBytes).toBe(0));
    },
  );

  test('server under the policy wait holds back a client that does not read its answers', async () => {
    let asked = 0;
    const { peer } = await openOverH2c({
      slowConsumer: 'wait',
      maxBufferedBytes: 200_000,
      message: (socket) => {
        asked++;
        socket.send('x'.repeat(10_000));
      },
    });
    peer.stream.pause();
    const question = 'q'.repeat(1_000);
    for (let i = 0; i < 500; i++) peer.sendFrame(TEXT, question);
    await vi.waitFor(() => expect(peer.stream.writableLength).toBeGreaterThan(0));
    expect(asked).toBeLessThan(500);
    peer.stream.resume();
    for (let i = 0; i < 500; i++) expect((await peer.frame()).payload).toHaveLength(10_000);
    expect(asked).toBe(500);
  });
});

describe('close', () => {
  test('server closes its sockets with 1001, refuses handshakes under way with 503, and leaves the session', async () => {
    const asked = new Queue<void>();
    const { server, peer, session, http } = await openOverH2c({
      upgrade: ({ url }) => {
        if (url !== '/slow') return undefined;
        asked.push();
        return new Promise<undefined>(() => {});
      },
    });
    const waiting = requestStream(session, { ':path': '/slow' });
    await asked.next();
    const refusal = responseOf(waiting);
    const closing = server.close({ reason: 'restart' });
    expect(await peer.close()).toEqual({ code: 1001, reason: 'restart' });
    peer.sendFrame(CLOSE, closePayload(1001));
    peer.stream.end();
    expect((await refusal)[':status']).toBe(503);
    await closing;
    expect(session.destroyed).toBe(false);
    expect(http.listening).toBe(true);
  });

  test('server cuts the streams of whoever does not answer in time', async () => {
    const { server, peer, session } = await openOverH2c();
    await server.close({ timeoutMs: 20 });
    await peer.closed;
    expect(peer.stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    expect(session.destroyed).toBe(false);
  });

  test('server closes over both HTTP versions at once', async () => {
    const { server, port } = await startOverH2c();
    const own = await server.listen({ port: 0, host: '127.0.0.1' });
    expect(own.port).not.toBe(port);
    const peer = await openStream(await connectSession(port));
    const closing = server.close();
    expect(await peer.close()).toMatchObject({ code: 1001 });
    peer.sendFrame(CLOSE, closePayload(1001));
    peer.stream.end();
    await closing;
  });
});

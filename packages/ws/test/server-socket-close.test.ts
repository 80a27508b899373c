import { describe, expect, test, vi } from 'vitest';
import { recordCloses } from './rig/closes.ts';
import { openPair } from './rig/pairs.ts';
import { Queue } from './rig/queue.ts';
import { BINARY, CLOSE, closePayload, frame, PING, PONG, TEXT } from './rig/raw-frame.ts';
import { openRaw } from './rig/raw-peer.ts';
import { startServer } from './rig/servers.ts';

/** Ends the connection from the client, and waits until the server knows. */
async function leave(pair: Awaited<ReturnType<typeof openPair>>): Promise<void> {
  pair.peer.stream.destroy();
  await pair.closes.next();
}

describe('RFC 6455 7 closing the connection', () => {
  test.each<[string, Buffer, number, string, number]>([
    ['1000', closePayload(1000), 1000, '', 1000],
    ['1001 with a reason', closePayload(1001, 'moved on'), 1001, 'moved on', 1001],
    ['1011', closePayload(1011), 1011, '', 1011],
    ['3000', closePayload(3000, '☃'), 3000, '☃', 3000],
    ['4999', closePayload(4999, 'x'.repeat(123)), 4999, 'x'.repeat(123), 4999],
    ['no code', Buffer.alloc(0), 1005, '', 1005],
  ])('server reports and echoes a close frame with %s', async (_, payload, code, reason, echoed) => {
    const { socket, peer, closes } = await openPair();
    peer.sendFrame(CLOSE, payload);
    expect(await peer.close()).toEqual({ code: echoed, reason: '' });
    await peer.ended;
    peer.stream.end();
    expect(await closes.next()).toEqual({ code, reason });
    expect(socket.readyState).toBe(3);
  });

  test('what the server sent arrives, also at a client that answers pings behind its close frame', async () => {
    const { closes, close } = recordCloses();
    const closing = new Queue<void>();
    const { port } = await startServer({
      close,
      message: (socket) => {
        socket.send(Buffer.alloc(8_388_608));
        setImmediate(() => closing.push());
      },
    });
    const peer = await openRaw(port);
    peer.stream.pause();
    peer.write(frame(TEXT, 'all of it'), frame(CLOSE, closePayload(1000)));
    await closing.next();
    peer.write(frame(PONG, 'late'));
    peer.stream.resume();
    const { payload } = await peer.frame();
    expect(payload.length).toBe(8_388_608);
    expect(await peer.close()).toEqual({ code: 1000, reason: '' });
    expect(await closes.next()).toEqual({ code: 1000, reason: '' });
    expect(await peer.closed).toBeUndefined();
  });

  test.each<[string, Buffer, number]>([
    ['an unmasked frame', frame(TEXT, 'a', { mask: false }), 1002],
    ['a reserved bit', frame(TEXT, 'a', { rsv: 4 }), 1002],
    ['a reserved opcode', frame(3, 'a'), 1002],
    ['a lone continuation', frame(0, 'a'), 1002],
    ['a fragmented ping', frame(PING, 'a', { fin: false }), 1002],
    ['a ping of 126 bytes', frame(PING, 'x'.repeat(126)), 1002],
    ['a close frame of one byte', frame(CLOSE, 'x'), 1002],
    ['the close code 1005', frame(CLOSE, closePayload(1005)), 1002],
    ['the close code 2999', frame(CLOSE, closePayload(2999)), 1002],
    ['a close reason that is no UTF-8', frame(CLOSE, Buffer.from([3, 232, 0xff])), 1007],
    ['text that is no UTF-8', frame(TEXT, Buffer.from([0x61, 0xff])), 1007],
    ['text that ends inside a character', frame(TEXT, Buffer.from([0xe2, 0x98])), 1007],
    ['a message over the limit', frame(BINARY, Buffer.alloc(1_048_577)), 1009],
  ])('server fails the connection on %s', async (_, bytes, code) => {
    const { socket, peer, closes } = await openPair();
    peer.write(bytes);
    const close = await peer.close();
    expect(close.code).toBe(code);
    expect(close.reason).not.toBe('');
    expect(socket.send('late')).toBe('closed');
    await peer.ended;
    peer.stream.end();
    expect(await closes.next()).toEqual(close);
  });

  test('server delivers what came before a violation, and nothing behind it', async () => {
    const messages = new Queue<string>();
    const { port } = await startServer({
      message: (socket, data) => {
        messages.push(data.toString());
        socket.send(data, { binary: false });
      },
    });
    const peer = await openRaw(port);
    peer.write(frame(TEXT, 'before'), frame(3, ''), frame(TEXT, 'behind'));
    expect(await peer.text()).toBe('before');
    expect((await peer.close()).code).toBe(1002);
    peer.sendFrame(TEXT, 'late');
    await peer.ended;
    expect(messages.drain()).toEqual(['before']);
  });

  test('server accepts a message of just the limit', async () => {
    const sizes = new Queue<number>();
    const { port } = await startServer({
      maxMessageBytes: 1_000,
      message: (_socket, data) => sizes.push(data.length),
    });
    const peer = await openRaw(port);
    peer.sendFrame(BINARY, Buffer.alloc(1_000));
    peer.write(frame(BINARY, Buffer.alloc(600), { fin: false }), frame(0, Buffer.alloc(400)));
    expect(await sizes.take(2)).toEqual([1_000, 1_000]);
    peer.write(frame(BINARY, Buffer.alloc(600), { fin: false }), frame(0, Buffer.alloc(401)));
    expect((await peer.close()).code).toBe(1009);
  });

  test('server closes with code and reason, and reports the answer', async () => {
    const { socket, peer, closes } = await openPair();
    expect([socket.isOpen, socket.readyState]).toEqual([true, 1]);
    expect(socket.close(4001, 'enough: ☃')).toBe(true);
    expect([socket.isOpen, socket.readyState]).toEqual([false, 2]);
    expect(socket.close(4002)).toBe(false);
    expect(await peer.close()).toEqual({ code: 4001, reason: 'enough: ☃' });
    peer.sendFrame(CLOSE, closePayload(4001, 'very well'));
    await peer.ended;
    peer.stream.end();
    expect(await closes.next()).toEqual({ code: 4001, reason: 'very well' });
    expect(socket.readyState).toBe(3);
  });

  test('server closes with 1000 when nothing is given', async () => {
    const { socket, peer } = await openPair();
    socket.close();
    expect(await peer.close()).toEqual({ code: 1000, reason: '' });
  });

  test.each([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 1000.5, Number.NaN])(
    'server throws when it is to close with %d',
    async (code) => {
      const { socket } = await openPair();
      const expected = expect.objectContaining({ code: 'WS_ERR_CLOSE_CODE_ARGUMENT' });
      expect(() => socket.close(code)).toThrow(expected);
      expect(socket.isOpen).toBe(true);
    },
  );

  test('server throws when the close reason has over 123 bytes', async () => {
    const { socket, peer } = await openPair();
    const expected = expect.objectContaining({ code: 'WS_ERR_CLOSE_REASON_ARGUMENT' });
    expect(() => socket.close(1000, 'x'.repeat(124))).toThrow(expected);
    expect(() => socket.close(1000, '☃'.repeat(42))).toThrow(expected);
    expect(socket.close(1000, '☃'.repeat(41))).toBe(true);
    expect(await peer.close()).toEqual({ code: 1000, reason: '☃'.repeat(41) });
  });

  test('server sends what was sent before it closes', async () => {
    const { socket, peer } = await openPair();
    socket.send('before');
    socket.close();
    expect(socket.send('behind')).toBe('closed');
    expect(await peer.text()).toBe('before');
    expect((await peer.close()).code).toBe(1000);
  });

  test('server delivers messages that cross its close frame', async () => {
    const messages = new Queue<string>();
    const { server, port } = await startServer({
      message: (_socket, data) => messages.push(data.toString()),
    });
    const peer = await openRaw(port);
    for (const socket of server.connections) socket.close();
    peer.sendFrame(TEXT, 'crossed');
    expect(await messages.next()).toBe('crossed');
  });

  test('server gives up with 1006 when its close frame is not answered', async () => {
    const { closes, close } = recordCloses();
    const { server, port } = await startServer({ closeTimeoutMs: 50, close });
    const peer = await openRaw(port);
    for (const socket of server.connections) socket.close(4000);
    await peer.closed;
    expect(await closes.next()).toEqual({ code: 1006, reason: '' });
  });

  test('server cuts a peer that answered its close frame and stays', async () => {
    const { closes, close } = recordCloses();
    const { server, port } = await startServer({ closeTimeoutMs: 50, close });
    const peer = await openRaw(port);
    for (const socket of server.connections) socket.close(4000);
    await peer.close();
    peer.sendFrame(CLOSE, closePayload(4000));
    expect(await closes.next()).toEqual({ code: 4000, reason: '' });
    expect(server.connectionCount).toBe(0);
  });

  test('server terminates without a close frame', async () => {
    const { socket, peer, closes } = await openPair();
    socket.terminate();
    expect(socket.isOpen).toBe(false);
    await peer.closed;
    expect(peer.unreadBytes).toBe(0);
    expect(await closes.next()).toEqual({ code: 1006, reason: '' });
    expect(socket.readyState).toBe(3);
  });

  test('server delivers nothing behind terminate', async () => {
    const { closes, close } = recordCloses();
    const messages = new Queue<string>();
    const { port } = await startServer({
      message: (socket, data) => {
        messages.push(data.toString());
        socket.terminate();
      },
      close,
    });
    const peer = await openRaw(port);
    peer.write(frame(TEXT, '1'), frame(TEXT, '2'));
    await closes.next();
    expect(messages.drain()).toEqual(['1']);
  });
});

describe('a socket after its end', () => {
  test.each(['the peer left', 'it was terminated', 'it was closed'])(
    'server takes every call calmly when %s',
    async (how) => {
      const pair = await openPair();
      const { socket, peer, closes } = pair;
      socket.subscribe('topic');
      if (how === 'the peer left') peer.stream.destroy();
      else if (how === 'it was terminated') socket.terminate();
      else {
        socket.close();
        await peer.close();
        peer.sendFrame(CLOSE, closePayload(1000));
        await peer.ended;
        peer.stream.end();
      }
      await closes.next();
      expect(socket.readyState).toBe(3);
      expect(socket.isOpen).toBe(false);
      expect(socket.send('late')).toBe('closed');
      expect(socket.send(Buffer.alloc(100_000))).toBe('closed');
      expect(socket.ping()).toBe('closed');
      expect(socket.close()).toBe(false);
      expect(socket.close(4000, 'late')).toBe(false);
      expect(socket.subscribe('other')).toBe(false);
      expect(socket.unsubscribe('topic')).toBe(false);
      expect(socket.topics.size).toBe(0);
      expect(socket.bufferedBytes).toBe(0);
      expect(socket.remoteAddress).toBe('');
      expect(socket.protocol).toBe('');
      expect(() => socket.terminate()).not.toThrow();
      await new Promise((resolve) => setImmediate(resolve));
      expect(closes).toHaveLength(0);
    },
  );

  test('server throws misuse on a closed socket just as on an open one', async () => {
    const pair = await openPair();
    await leave(pair);
    expect(() => pair.socket.close(1005)).toThrow();
    expect(() => pair.socket.send(5 as unknown as string)).toThrow(TypeError);
  });

  test('server says closed to a ping while it is closing with much to send', async () => {
    const { socket, peer } = await openPair();
    peer.stream.pause();
    socket.send(Buffer.alloc(16_000_000));
    socket.close(4000);
    await vi.waitFor(() => expect(socket.bufferedBytes).toBeGreaterThan(0));
    expect(socket.ping('x'.repeat(125))).toBe('closed');
    peer.stream.resume();
    expect((await peer.frame()).payload).toHaveLength(16_000_000);
    expect(await peer.close()).toEqual({ code: 4000, reason: '' });
  });
});

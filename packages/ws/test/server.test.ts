import { type ServerSocket, WebSocketServer } from '@hawser/ws';
import { describe, expect, test, vi } from 'vitest';
import { recordCloses } from './rig/closes.ts';
import { Queue } from './rig/queue.ts';
import { BINARY, CLOSE, closePayload, frame, PING, PONG, TEXT } from './rig/raw-frame.ts';
import { connectRaw, handshakeRequest, openRaw, requestRaw } from './rig/raw-peer.ts';
import { makeServer, startHttp, startServer } from './rig/servers.ts';
import { captureUncaught } from './rig/uncaught.ts';

describe('connections', () => {
  test('server counts and lists who is connected', async () => {
    const { server, port } = await startServer<string>({ upgrade: ({ url }) => ({ data: url }) });
    expect([server.connectionCount, [...server.connections]]).toEqual([0, []]);
    await openRaw(port, {}, '/a');
    const peer = await openRaw(port, {}, '/b');
    expect(server.connectionCount).toBe(2);
    expect([...server.connections].map((socket) => socket.data)).toEqual(['/a', '/b']);
    peer.stream.destroy();
    await vi.waitFor(() => expect(server.connectionCount).toBe(1));
    expect([...server.connections].map((socket) => socket.data)).toEqual(['/a']);
  });

  test('server lists one socket object for each connection', async () => {
    const opened = new Queue<ServerSocket>();
    const { server, port } = await startServer({ open: (socket) => opened.push(socket) });
    await openRaw(port);
    expect([...server.connections][0]).toBe(await opened.next());
  });
});

describe('handlers', () => {
  test('server gives open, message, ping, pong and close the same socket', async () => {
    const log = new Queue<[string, ServerSocket, ...unknown[]]>();
    const { port } = await startServer({
      open: (...args) => log.push(['open', ...args]),
      message: (...args) => log.push(['message', ...args]),
      ping: (...args) => log.push(['ping', ...args]),
      pong: (...args) => log.push(['pong', ...args]),
      close: (...args) => log.push(['close', ...args]),
    });
    const peer = await openRaw(port);
    peer.sendFrame(TEXT, 'grüß');
    peer.sendFrame(BINARY, Uint8Array.of(0, 255));
    peer.sendFrame(PING, 'ping data');
    peer.sendFrame(PONG, 'pong data');
    expect(await peer.frame()).toMatchObject({ opcode: PONG, payload: Buffer.from('ping data') });
    peer.sendFrame(CLOSE, closePayload(3000, 'grund: ☃'));
    expect(await peer.close()).toEqual({ code: 3000, reason: '' });
    await peer.ended;
    peer.stream.destroy();
    const calls = await log.take(6);
    expect(calls.map(([name, , ...args]) => [name, ...args])).toEqual([
      ['open'],
      ['message', Buffer.from('grüß'), false],
      ['message', Buffer.from([0, 255]), true],
      ['ping', Buffer.from('ping data')],
      ['pong', Buffer.from('pong data')],
      ['close', 3000, 'grund: ☃'],
    ]);
    expect(new Set(calls.map(([, socket]) => socket)).size).toBe(1);
    for (const [, , data] of calls.slice(1, 5)) expect(Buffer.isBuffer(data)).toBe(true);
  });

  test('server works without any handler', async () => {
    const { port } = await startServer();
    const peer = await openRaw(port);
    peer.sendFrame(TEXT, 'to nobody');
    peer.sendFrame(PONG, 'to nobody');
    peer.sendFrame(PING, 'still answered');
    expect((await peer.frame()).opcode).toBe(PONG);
    peer.sendFrame(CLOSE, closePayload(1000));
    expect(await peer.close()).toEqual({ code: 1000, reason: '' });
  });

  test('server delivers a message that is kept after the call unchanged', async () => {
    const kept = new Queue<Buffer>();
    const { port } = await startServer({ message: (_socket, data) => kept.push(data) });
    const peer = await openRaw(port);
    const payloads = [100, 5_000, 70_000, 3].map((size, i) => Buffer.alloc(size, i + 1));
    for (const payload of payloads) peer.sendFrame(BINARY, payload);
    const data = await kept.take(4);
    expect(data.map((bytes, i) => bytes.equals(payloads[i]!))).toEqual([true, true, true, true]);
  });

  test.each(['open', 'message', 'ping', 'pong'] as const)(
    'server fails the connection with 1011 and reports when %s throws',
    async (name) => {
      const { closes, close } = recordCloses();
      const [errors, messages] = [new Queue<Error>(), new Queue<string>()];
      const fail = () => {
        throw new Error(`in ${name}`);
      };
      const { server, port } = await startServer({
        message: (_socket, data) => messages.push(data.toString()),
        close,
        error: (error) => errors.push(error),
        [name]: fail,
      });
      const peer = await openRaw(port);
      peer.write(frame(PING, ''), frame(PONG, ''), frame(TEXT, 'a'), frame(TEXT, 'b'));
      let next = await peer.frame();
      if (next.opcode === PONG) next = await peer.frame();
      expect(next.opcode).toBe(CLOSE);
      expect(next.payload.readUInt16BE()).toBe(1011);
      expect(next.payload.toString()).not.toMatch(name);
      expect(await errors.next()).toMatchObject({ message: `in ${name}` });
      peer.sendFrame(CLOSE, closePayload(1011));
      await peer.ended;
      peer.stream.end();
      expect(await closes.next()).toMatchObject({ code: 1011 });
      expect(errors).toHaveLength(0);
      expect(messages).toHaveLength(0);
      expect(server.connectionCount).toBe(0);
    },
  );

  test('server cuts from open, and opens nobody else', async () => {
    const { closes, close } = recordCloses();
    const messages = new Queue<string>();
    const { server, port } = await startServer({
      open: (socket) => socket.terminate(),
      message: (_socket, data) => messages.push(data.toString()),
      close,
    });
    const peer = await connectRaw(port);
    peer.write(handshakeRequest(), frame(TEXT, 'behind'));
    expect(await closes.next()).toEqual({ code: 1006, reason: '' });
    await peer.closed;
    expect([messages.length, server.connectionCount]).toEqual([0, 0]);
  });

  test('server publishes from open, message and close', async () => {
    const { server, port } = await startServer<string>({
      upgrade: ({ url }) => ({ data: url }),
      open: (socket) => {
        server.publish('room', `${socket.data} came`);
        socket.subscribe('room');
      },
      message: (socket, data) => void server.publish('room', `${socket.data}: ${data}`),
      close: (socket) => void server.publish('room', `${socket.data} left`),
    });
    const first = await openRaw(port, {}, '/first');
    const second = await openRaw(port, {}, '/second');
    second.sendFrame(TEXT, 'hello');
    expect(await second.text()).toBe('/second: hello');
    second.stream.destroy();
    const seen = [await first.text(), await first.text(), await first.text()];
    expect(seen).toEqual(['/second came', '/second: hello', '/second left']);
  });

  test('server sends what a handler sent before it threw', async () => {
    const { port } = await startServer({
      message: (socket) => {
        socket.send('first');
        throw new Error('then');
      },
      error: () => {},
    });
    const peer = await openRaw(port);
    peer.sendFrame(TEXT, 'go');
    expect(await peer.text()).toBe('first');
    expect((await peer.close()).code).toBe(1011);
  });

  test('server fails the connection with 1011 and reports when drain throws', async () => {
    const { closes, close } = recordCloses();
    const [errors, results] = [new Queue<Error>(), new Queue<string>()];
    const { port } = await startServer({
      message: (socket) => {
        socket.send(Buffer.alloc(12_000_000));
        // By then the first is known not to fit into the kernel.
        setImmediate(() => results.push(socket.send('waits')));
      },
      drain: () => {
        throw new Error('in drain');
      },
      close,
      error: (error) => errors.push(error),
    });
    const peer = await openRaw(port);
    peer.stream.pause();
    peer.sendFrame(TEXT, 'go');
    expect(await results.next()).toBe('queued');
    peer.stream.resume();
    expect((await peer.frame()).payload).toHaveLength(12_000_000);
    expect(await errors.next()).toMatchObject({ message: 'in drain' });
    expect(await peer.text()).toBe('waits');
    expect((await peer.close()).code).toBe(1011);
    peer.stream.destroy();
    expect(await closes.next()).toMatchObject({ code: 1011 });
  });

  test('server reports when close throws, and can still be closed', async () => {
    const errors = new Queue<Error>();
    const { server, port } = await startServer({
      close: () => {
        throw new Error('in close');
      },
      error: (error) => errors.push(error),
    });
    const peer = await openRaw(port);
    peer.stream.destroy();
    expect(await errors.next()).toMatchObject({ message: 'in close' });
    await server.close();
  });

  test('server answers the client although trace throws, and reports', async () => {
    const errors = new Queue<Error>();
    const { port } = await startServer({
      trace: () => {
        throw new Error('in trace');
      },
      error: (error) => errors.push(error),
    });
    const peer = await requestRaw(port, { Upgrade: undefined });
    expect((await peer.response()).status).toBe(426);
    expect(await errors.next()).toMatchObject({ message: 'in trace' });
  }, 5_000);

  test('server throws what nobody takes as an uncaught exception', async () => {
    const uncaught = captureUncaught();
    const { port } = await startServer({
      message: () => {
        throw new Error('nobody takes it');
      },
    });
    const peer = await openRaw(port);
    peer.sendFrame(TEXT, 'go');
    expect((await peer.close()).code).toBe(1011);
    expect(await uncaught.next()).toMatchObject({ message: 'nobody takes it' });
  });
});

describe('handleUpgrade', () => {
  test('server throws when it is given the same socket again', async () => {
    const { http, port } = await startHttp();
    const server = makeServer();
    const thrown = new Queue<unknown>();
    http.on('upgrade', (request, socket, head) => {
      server.handleUpgrade(request, socket, head);
      try {
        new WebSocketServer().handleUpgrade(request, socket, head);
      } catch (error) {
        thrown.push(error);
      }
    });
    await openRaw(port);
    expect(await thrown.next()).toMatchObject({ code: 'WS_ERR_STREAM_TAKEN' });
    expect(server.connectionCount).toBe(1);
  });
});

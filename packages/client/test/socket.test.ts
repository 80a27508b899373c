import type { Socket as ServerSocket } from 'socket.io';
import { describe, expect, test } from 'vitest';
import { connect, eventOf } from './rig/clients.ts';
import { startServer } from './rig/servers.ts';

const TRANSPORTS = [['polling'], ['websocket'], ['polling', 'websocket']];

describe.each(TRANSPORTS.map((names) => [names]))('a stock server, over %s', (transports) => {
  test('client and server exchange events, binary data and acknowledgements', async () => {
    const { url } = await startServer({}, (io) => {
      io.on('connection', (socket: ServerSocket) => {
        socket.on('ask', (text: string, bytes: Buffer, answer: (...args: unknown[]) => void) =>
          answer(text, bytes),
        );
        socket.emit('news', { text: 'ü', nested: [Buffer.from([1, 2, 255])] });
      });
    });
    const socket = connect(url, { transports });
    const news = eventOf(socket, 'news');
    await eventOf(socket, 'connect');
    expect(socket.connected).toBe(true);
    expect(await news).toEqual([{ text: 'ü', nested: [Buffer.from([1, 2, 255])] }]);
    if (transports.length > 1) await eventOf(socket.io.engine, 'upgrade');
    const answer = await new Promise((resolve) =>
      socket.emit('ask', 'é', Buffer.from([3]), (...args: unknown[]) => resolve(args)),
    );
    expect(answer).toEqual(['é', Buffer.from([3])]);
    expect(socket.io.engine.transport.name).toBe(transports.at(-1));
    expect(await socket.timeout(5000).emitWithAck('ask', 'x', null)).toBe('x');
  });

  test('client keeps the order of many events in both directions', async () => {
    const count = 500;
    const got: number[] = [];
    const { url } = await startServer({}, (io) => {
      io.on('connection', (socket: ServerSocket) => {
        socket.on('number', (value: number) => socket.emit('number', value));
      });
    });
    const socket = connect(url, { transports });
    const done = new Promise<void>((resolve) => {
      socket.on('number', (value: number) => {
        got.push(value);
        if (got.length === count) resolve();
      });
    });
    for (let i = 0; i < count; i++) {
      socket.emit('number', i);
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
    expect(got).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  test('client tells why the server refuses a namespace', async () => {
    const { url } = await startServer({}, (io) => {
      io.of('/private').use((_socket, next) =>
        next(Object.assign(new Error('not for you'), { data: { code: 7 } })),
      );
    });
    const socket = connect(`${url}/private`, { transports });
    const [error] = await eventOf(socket, 'connect_error');
    expect(error).toMatchObject({ message: 'not for you', data: { code: 7 } });
    expect(socket.active).toBe(false);
  });
});

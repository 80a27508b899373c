import type { Socket as ServerSocket } from 'socket.io';
import { describe, expect, test } from 'vitest';
import { carriedBy, connect, eventOf } from './rig/clients.ts';
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
    await carriedBy(socket, transports.at(-1)!);
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

  test.each([Number.POSITIVE_INFINITY, '1000000'])('client takes a maxHttpBufferSize of %o', async (size) => {
    const { url } = await startServer({ maxHttpBufferSize: size as number }, (io) => {
      io.on('connection', (socket: ServerSocket) => {
        socket.on('length', (text: string, answer: (length: number) => void) => answer(text.length));
      });
    });
    const socket = connect(url, { transports });
    const answers = [10, 3000].map((length) => socket.emitWithAck('length', 'x'.repeat(length)));
    expect(await Promise.all(answers)).toEqual([10, 3000]);
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

/** As packages for wildcards do it, and answers in forums have it. */
describe('what programs put in the place of undocumented members', () => {
  test('`onevent` has each event, and may pass it on, and on again', async () => {
    const { url } = await startServer({}, (io) => {
      io.on('connection', (socket: ServerSocket) => {
        socket.emit('news', 1);
        socket.emit('ask', 2, (answer: string) => socket.emit('answered', answer));
      });
    });
    const socket = connect(url);
    const seen: unknown[][] = [];
    const { onevent } = socket;
    socket.onevent = function (packet) {
      onevent.call(this, packet);
      onevent.call(this, { ...packet, data: ['*', ...packet.data] });
    };
    socket.on('*', (name: string, ...args: unknown[]) => seen.push([name, ...args.map((arg) => typeof arg)]));
    socket.on('ask', (value: number, answer: (text: string) => void) => answer(`got ${value}`));
    expect(await eventOf(socket, 'answered')).toEqual(['got 2']);
    await expect.poll(() => seen.length).toBe(3);
    expect(seen).toEqual([
      ['news', 'number'],
      ['ask', 'number', 'function'],
      ['answered', 'string'],
    ]);
  });

  test('`packet` has what is sent, and sends what it is given', async () => {
    const { url } = await startServer({}, (io) => {
      io.on('connection', (socket: ServerSocket) => {
        socket.onAny((...args: unknown[]) => socket.emit('heard', ...args));
      });
    });
    const socket = connect(url, { autoConnect: false });
    const types: number[] = [];
    const { packet } = socket;
    socket.packet = function (given) {
      types.push(given.type);
      packet.call(this, given);
    };
    socket.connect().emit('early', 1);
    expect(await eventOf(socket, 'heard')).toEqual(['early', 1]);
    socket.packet({ type: 2, nsp: '/elsewhere', data: ['crafted', 2] });
    expect(await eventOf(socket, 'heard')).toEqual(['crafted', 2]);
    socket.disconnect();
    expect(types).toEqual([0, 2, 2, 1]);
  });
});

test('socket that connects again while it waits for the answer asks once', async () => {
  let judged = 0;
  let letIn = (): void => {};
  const { url } = await startServer({}, (io) => {
    io.of('/slow').use((_socket, next) => {
      judged++;
      letIn = next;
    });
  });
  const first = connect(url);
  await eventOf(first, 'connect');
  const slow = first.io.socket('/slow');
  const sent: number[] = [];
  const { packet } = slow;
  slow.packet = function (given) {
    sent.push(given.type);
    packet.call(this, given);
  };
  for (let i = 0; i < 3; i++) slow.connect();
  expect(slow.active).toBe(true);
  while (judged === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  slow.connect();
  letIn();
  await eventOf(slow, 'connect');
  expect([judged, sent]).toEqual([1, []]);
});

test.each(TRANSPORTS.map((names) => [names]))(
  'what is emitted while the connection is being closed waits for the next, over %j',
  async (transports) => {
    const got: number[] = [];
    const { url } = await startServer({}, (io) => {
      io.on('connection', (socket: ServerSocket) => {
        socket.on('number', (value: number) => got.push(value));
        socket.on('all', (answer: () => void) => answer());
      });
    });
    const socket = connect(url, { transports, reconnectionDelay: 10 });
    await eventOf(socket, 'connect');
    await carriedBy(socket, transports.at(-1)!);
    const gone = eventOf(socket, 'disconnect');
    socket.emit('number', 1);
    socket.io.engine.close();
    socket.emit('number', 2);
    await Promise.resolve();
    socket.emit('number', 3);
    await gone;
    await socket.emitWithAck('all');
    expect(got).toEqual([1, 2, 3]);
  },
);

test.each([
  ['a URL that is none', 'http://[no', {}],
  ['a port that is none', 'http://127.0.0.1:99999', {}],
  ['a header that is none', 'http://127.0.0.1:1', { extraHeaders: { 'no header': 'x' } }],
])('%s is told by an event, by each transport', async (_name, url, options) => {
  for (const transports of [['polling'], ['websocket']]) {
    const socket = connect(url, { transports, reconnectionDelay: 10, ...options });
    const [error] = await eventOf(socket, 'connect_error');
    expect(error).toBeInstanceOf(Error);
    expect(socket.active).toBe(true);
    // Attempts go on, and none throws.
    await eventOf(socket.io, 'reconnect_attempt');
    await eventOf(socket, 'connect_error');
    socket.disconnect();
  }
});

/** Both ends are Hawser. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from '@hawser/io';
import { SessionAwareAdapter } from 'socket.io-adapter';
import { expect, onTestFinished, test, vi } from 'vitest';
import { nextUncaught } from '../../engine/test/rig/uncaught.ts';
import { connect, eventOf } from './rig/clients.ts';

async function start(options: object): Promise<{ io: Server; url: string }> {
  const http = createServer();
  const io = new Server(http, options);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await io.close();
  });
  return { io, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}

test.each([[['polling']], [['websocket']], [['polling', 'websocket']]])(
  'events, binary data and acknowledgements go both ways over %j',
  async (transports) => {
    const { io, url } = await start({});
    io.on('connection', (socket) => {
      socket.on('ask', (bytes: Buffer, answer: (bytes: Buffer) => void) => answer(bytes));
    });
    const socket = connect(url, { transports });
    expect(await socket.emitWithAck('ask', Buffer.from([1, 2]))).toEqual(Buffer.from([1, 2]));
  },
);

test.each(['polling', 'websocket'])(
  'who awaits an answer hears what comes right behind it, over %s',
  async (name) => {
    const { io, url } = await start({});
    io.on('connection', (socket) => {
      socket.on('join', (answer: () => void) => {
        answer();
        for (const number of [1, 2, 3]) socket.emit('number', number);
        socket.emit('end');
      });
    });
    const socket = connect(url, { transports: [name] });
    const join = async () => socket.emitWithAck('join');
    await eventOf(socket, 'connect');
    await join();
    const numbers: number[] = [];
    socket.on('number', (number: number) => numbers.push(number));
    await eventOf(socket, 'end');
    expect(numbers).toEqual([1, 2, 3]);
  },
);

test('what comes with the last poll before an upgrade is told when the session has moved', async () => {
  const { io, url } = await start({});
  io.use((socket, next) => {
    if (socket.conn.upgrading || socket.conn.upgraded) next();
    else socket.conn.once('upgrading', () => next());
  });
  const socket = connect(url, { reconnection: false });
  await eventOf(socket, 'connect');
  const { engine } = socket.io;
  expect([engine.transport.name, (engine as unknown as { upgrading: boolean }).upgrading]).toEqual([
    'websocket',
    false,
  ]);
  // Nothing is left to wait for, so it is over at once, and who connects again is not taken for connected.
  engine.close();
  expect(socket.connected).toBe(false);
  socket.connect();
  await eventOf(socket, 'connect');
});

test('what a listener for an upgrade throws loses nothing that came with the last poll', async () => {
  const { io, url } = await start({});
  io.on('connection', (socket) => {
    socket.conn.once('upgrading', () => socket.emit('number', 1));
    socket.conn.once('upgrade', () => socket.emit('number', 2));
  });
  const uncaught = nextUncaught();
  const socket = connect(url, { autoConnect: false });
  const numbers: number[] = [];
  socket.on('number', (number: number) => numbers.push(number));
  socket.connect();
  socket.io.engine.on('upgrade', () => {
    throw new Error('listener');
  });
  await vi.waitFor(() => expect(numbers).toEqual([1, 2]));
  expect(await uncaught).toMatchObject({ message: 'listener' });
});

test('who disconnects when an answer came hears nothing that is behind it, by polling', async () => {
  const { io, url } = await start({});
  io.on('connection', (socket) => {
    socket.on('join', (answer: () => void) => {
      answer();
      socket.emit('number', 1);
    });
  });
  const socket = connect(url, { transports: ['polling'] });
  await eventOf(socket, 'connect');
  const heard: unknown[] = [];
  socket.onAny((...args) => heard.push(args));
  const disconnected = eventOf(io.sockets.sockets.get(socket.id!) as never, 'disconnect');
  await socket.emitWithAck('join');
  socket.disconnect();
  await disconnected;
  expect(heard).toEqual([]);
});

test('a session goes on after a loss, from its first event on, and each event comes once', async () => {
  const { io, url } = await start({ connectionStateRecovery: {} });
  const socket = connect(url, { transports: ['websocket'] });
  await eventOf(socket, 'connect');
  const { id } = socket;
  const news: unknown[] = [];
  socket.on('news', (...args) => news.push(args));
  for (let round = 1; round <= 2; round++) {
    const gone = eventOf(socket, 'disconnect');
    const back = eventOf(socket, 'connect');
    socket.io.engine.transport.close();
    await gone;
    io.emit('news', round, 'a string at the end');
    await back;
    expect([socket.recovered, socket.recoveryRefusal, socket.id]).toEqual([true, undefined, id]);
    const end = eventOf(socket, 'end');
    io.emit('end');
    await end;
  }
  expect(news).toEqual([
    [1, 'a string at the end'],
    [2, 'a string at the end'],
  ]);
});

test.each<[string, (io: Server) => void, object]>([
  ['in the options', () => {}, { adapter: SessionAwareAdapter }],
  ['later', (io) => io.adapter(SessionAwareAdapter as never), {}],
])("a session goes on that somebody else's adapter keeps, given %s", async (_, prepare, options) => {
  const { io, url } = await start({ connectionStateRecovery: {}, ...options });
  prepare(io);
  const socket = connect(url, { transports: ['websocket'] });
  await eventOf(socket, 'connect');
  const first = eventOf(socket, 'news');
  io.emit('news', 1);
  expect((await first)[0]).toBe(1);
  const gone = eventOf(socket, 'disconnect');
  const back = eventOf(socket, 'connect');
  const missed = eventOf(socket, 'news');
  socket.io.engine.transport.close();
  await gone;
  io.emit('news', 2);
  await back;
  expect(socket.recovered).toBe(true);
  expect((await missed)[0]).toBe(2);
});

test('a session that another process began is refused, and the client is told why', async () => {
  const first = await start({ connectionStateRecovery: {} });
  const socket = connect(first.url, { transports: ['websocket'] });
  await eventOf(socket, 'connect');
  const { port } = new URL(first.url);
  const back = eventOf(socket, 'connect');
  await first.io.close();
  const http = createServer();
  const io = new Server(http, { connectionStateRecovery: {} });
  await new Promise<void>((resolve) => http.listen(Number(port), '127.0.0.1', resolve));
  onTestFinished(async () => {
    await io.close();
  });
  await back;
  expect(socket.recovered).toBe(false);
  expect(socket.recoveryRefusal).toMatch(/^(restarted|ended|expired)$/);
});

test('an event is dispatched once, though the connection is lost before its answer is there', async () => {
  const { io, url } = await start({ connectionStateRecovery: {} });
  let count = 0;
  const socket = connect(url, {
    retries: 10,
    ackTimeout: 5000,
    transports: ['websocket'],
    reconnectionDelay: 10,
  });
  io.on('connection', (peer) => {
    peer.on('save', (answer: (count: number) => void) => {
      count++;
      socket.io.engine.close();
      setTimeout(() => answer(count), 200);
    });
  });
  await eventOf(socket, 'connect');
  const answer = await new Promise((resolve) => socket.emit('save', (...args: unknown[]) => resolve(args)));
  expect([answer, count, socket.recovered]).toEqual([[null, 1], 1, true]);
});

test('an event that is not answered in time is dispatched again, and the first answer settles it', async () => {
  const { io, url } = await start({ connectionStateRecovery: {} });
  let count = 0;
  const socket = connect(url, { retries: 10, ackTimeout: 60, transports: ['websocket'] });
  io.on('connection', (peer) => {
    peer.on('save', (answer: (count: number) => void) => {
      if (++count === 2) answer(count);
    });
  });
  await eventOf(socket, 'connect');
  const answer = await new Promise((resolve) => socket.emit('save', (...args: unknown[]) => resolve(args)));
  expect([answer, count]).toEqual([[null, 2], 2]);
});

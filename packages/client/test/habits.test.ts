/** What programs for socket.io-client do with it, against a stock server. */

import { io, Manager, NodeWebSocket } from '@hawser/client';
import { reactive } from '@vue/reactivity';
import type { Server, Socket as ServerSocket } from 'socket.io';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connect, eventOf } from './rig/clients.ts';
import { startListening, startServer } from './rig/servers.ts';

const echo = (server: Server): void => {
  server.on('connection', (socket: ServerSocket) => {
    socket.on('ask', (value: unknown, answer: (value: unknown) => void) => answer(value));
  });
};

test('a socket works within what Vue makes reactive', async () => {
  const { url } = await startServer({}, echo);
  const state = reactive({ socket: connect(url) });
  await eventOf(state.socket, 'connect');
  expect(await state.socket.timeout(10_000).emitWithAck('ask', 1)).toBe(1);
  expect(state.socket.io.engine.readyState).toBe('open');
  state.socket.disconnect();
  expect(state.socket.connected).toBe(false);
});

test('a query keeps its plus signs, of the URL and of the option', async () => {
  const { io: server, url } = await startServer();
  const queryOf = async (...[given, options]: Parameters<typeof connect>) => {
    const joined = eventOf<[ServerSocket]>(server as never, 'connection');
    connect(given, options);
    return (await joined)[0].handshake.query;
  };
  expect(await queryOf(`${url}/?token=a+b/c%2Bd==&empty`)).toMatchObject({ token: 'a+b/c+d==', empty: '' });
  const query = 'token=d+e' as never;
  expect(await queryOf(url, { query })).toMatchObject({ token: 'd+e' });
});

test('delays and attempts of 0 or null are the defaults, as upstream', () => {
  const none = { reconnectionDelay: 0, reconnectionDelayMax: null, reconnectionAttempts: 0 } as object;
  const manager = new Manager('http://127.0.0.1:9', { ...none, autoConnect: false });
  expect(manager.reconnectionDelay()).toBe(1000);
  expect(manager.reconnectionDelayMax()).toBe(5000);
  expect(manager.reconnectionAttempts()).toBe(Number.POSITIVE_INFINITY);
});

test('listeners to all events are called on the socket', async () => {
  const { url } = await startServer({}, (server) => {
    server.on('connection', (socket: ServerSocket) => socket.on('hello', () => socket.emit('hello')));
  });
  const socket = connect(url);
  const callers: unknown[] = [];
  socket.onAny(function (this: unknown) {
    callers.push(this);
  });
  socket.onAnyOutgoing(function (this: unknown) {
    callers.push(this);
  });
  await eventOf(socket, 'connect');
  socket.emit('hello');
  await eventOf(socket, 'hello');
  expect(callers).toHaveLength(2);
  for (const caller of callers) expect(caller).toBe(socket);
});

test('the old name of forceNew, and transports of null, are understood', async () => {
  const { url } = await startServer();
  const options = { 'force new connection': true, transports: null as never };
  const sockets = [io(url, options), io(url, options)];
  onTestFinished(() => {
    for (const socket of sockets) socket.disconnect();
  });
  await Promise.all(sockets.map((socket) => eventOf(socket, 'connect')));
  expect(sockets[0]!.io).not.toBe(sockets[1]!.io);
});

test('memory that was given away while it waited goes out as empty, and keeps nothing back', async () => {
  const { url } = await startServer({}, echo);
  const socket = connect(url, { autoConnect: false });
  const bytes = new Uint8Array(8);
  const first = socket.emitWithAck('ask', bytes);
  const second = socket.emitWithAck('ask', 'behind it');
  structuredClone(bytes, { transfer: [bytes.buffer] });
  socket.connect();
  expect([await first, await second]).toEqual([Buffer.alloc(0), 'behind it']);
});

test('a transport that cannot send ends the connection, in place of keeping back what is behind it', async () => {
  const { url } = await startServer({}, echo);
  const socket = connect(url, { reconnection: false, transports: ['websocket'] });
  await eventOf(socket, 'connect');
  const { transport } = socket.io.engine;
  vi.spyOn(transport, 'send').mockImplementation(() => {
    throw new Error('no such memory');
  });
  const gone = eventOf(socket, 'disconnect');
  socket.emit('ask', 1);
  expect(await gone).toMatchObject(['transport error', { message: 'no such memory' }]);
});

class Particular extends NodeWebSocket {
  override doWrite(packet: never, data: string | Uint8Array): void {
    // As memory that a browser's WebSocket does not take.
    if (Buffer.from(data as string).includes('refused')) throw new Error('no such memory');
    super.doWrite(packet, data);
  }
}

test.each([
  ['an event', 'refused'],
  ['a blob', new Blob(['refused'])],
  ['a part of an event', [Buffer.from('refused'), Buffer.from('the rest of it')]],
])('what is behind %s that a transport cannot send goes out over the next connection', async (_, refused) => {
  const { url, heard } = await startListening();
  const socket = connect(url, { transports: [Particular], autoConnect: false });
  socket.emit('said', 1, () => {});
  socket.emit('said', refused, () => {});
  const answers = [socket.emitWithAck('said', 2), socket.emitWithAck('said', 3)];
  const gone = eventOf<[string, Error]>(socket, 'disconnect');
  socket.connect();
  const [reason, error] = await gone;
  expect(reason).toBe('transport error');
  expect(String((error as { description?: unknown }).description ?? error)).toContain('no such memory');
  await Promise.all(answers);
  expect(heard).toEqual([1, 2, 3]);
});

test('parts of an event that a transport cannot send go out over no other connection, even where a listener connects at once', async () => {
  const received: unknown[] = [];
  const { url, io } = await startServer({}, (server) => server.on('connection', () => {}));
  io.engine.on('connection', (session: { on(event: 'data', listener: (data: unknown) => void): void }) =>
    session.on('data', (data) => received.push(data)),
  );
  const socket = connect(url, { transports: [Particular] });
  await eventOf(socket, 'connect');
  socket.on('disconnect', () => socket.connect());
  const isBack = eventOf(socket, 'connect');
  socket.emit('refused', Buffer.from('a part'));
  await isBack;
  socket.emit('behind it');
  await vi.waitFor(() => expect(received).toContain('2["behind it"]'));
  expect(received).toEqual(['0', '0', '2["behind it"]']);
});

test('connect asks again where auth threw, or never answered', async () => {
  const { url } = await startServer();
  const answers: ((data: object) => void)[] = [];
  const socket = connect(url, {
    auth: (answer) => {
      answers.push(answer);
      if (answers.length === 2) answer({ token: 'b' });
    },
  });
  await vi.waitFor(() => expect(answers).toHaveLength(1));
  socket.connect();
  await eventOf(socket, 'connect');
  expect(answers).toHaveLength(2);
});

test('connect that is called again and again while auth takes its time does not make its answer void', async () => {
  const { url } = await startServer();
  let asked = 0;
  const socket = connect(url, {
    auth: (answer) => {
      asked++;
      setTimeout(answer, 60, {});
    },
  });
  const watchdog = setInterval(() => socket.connect(), 20);
  onTestFinished(() => clearInterval(watchdog));
  await eventOf(socket, 'connect');
  expect(asked).toBeGreaterThan(1);
});

test('an address that is false or 0 is none, and the options count', () => {
  const manager = new Manager(false as never, { autoConnect: false, path: '/mine' });
  expect([manager._autoConnect, manager.opts.path]).toEqual([false, '/mine']);
});

test('memory that is given away while it waits is not counted for ever', async () => {
  const { url } = await startServer({}, echo);
  const socket = connect(url, { maxBufferedBytes: 100_000, transports: ['websocket'] });
  await eventOf(socket, 'connect');
  for (let i = 0; i < 10; i++) {
    const bytes = new Uint8Array(50_000);
    const answer = socket.emitWithAck('ask', bytes);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    await answer;
  }
});

test('an answer of auth that comes twice, or late, makes no second CONNECT', async () => {
  const joined: unknown[] = [];
  const { url } = await startServer({}, (server) => {
    server.on('connection', (socket: ServerSocket) => joined.push(socket.handshake.auth.token));
  });
  const answers: ((data: object) => void)[] = [];
  const socket = connect(url, { auth: (answer) => void answers.push(answer) });
  await vi.waitFor(() => expect(answers).toHaveLength(1));
  socket.io.engine.close();
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[0]!({ token: 'late' });
  answers[1]!({ token: 'a' });
  answers[1]!({ token: 'twice' });
  await eventOf(socket, 'connect');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(joined).toEqual(['a']);
});

/** Is asked over two connections, one behind the other, and answers both over the second. */
async function answerLate(url: string): Promise<void> {
  const socket = connect(url, { transports: ['websocket'] });
  const [first] = await eventOf<[(text: string) => void]>(socket, 'question');
  socket.io.engine.close();
  const [second] = await eventOf<[(text: string) => void]>(socket, 'question');
  first('of the first');
  second('of the second');
}

test('an answer is not given to another connection, whose events have numbers of their own', async () => {
  const told: unknown[] = [];
  const { url } = await startServer({}, (server) => {
    server.on('connection', (socket: ServerSocket) => {
      // As a server that was restarted numbers its events.
      (socket.nsp as unknown as { _ids: number })._ids = 0;
      socket.emit('question', (answer: unknown) => told.push(answer));
    });
  });
  await answerLate(url);
  await vi.waitFor(() => expect(told).toEqual(['of the second']));
});

test('an event that came before the answer to CONNECT is answered over that connection only', async () => {
  const told: unknown[] = [];
  let connections = 0;
  const { url } = await startServer({}, (server) => {
    const ask = (socket: ServerSocket) => {
      (socket.nsp as unknown as { _ids: number })._ids = 0;
      socket.emit('question', (answer: unknown) => told.push(answer));
    };
    server.use((socket, next) => {
      if (connections++ === 0) ask(socket as ServerSocket);
      next();
    });
    server.on('connection', (socket: ServerSocket) => {
      if (connections > 1) ask(socket);
    });
  });
  await answerLate(url);
  await vi.waitFor(() => expect(told).toEqual(['of the second']));
});

test('what a listener for errors of the manager throws ends the connection nevertheless', async () => {
  const { url } = await startServer({ maxHttpBufferSize: 100 });
  const socket = connect(url, { transports: ['polling'], reconnection: false });
  await eventOf(socket, 'connect');
  const uncaught = new Promise((resolve) => {
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').once('uncaughtException', resolve);
    onTestFinished(() => {
      for (const listener of others) process.on('uncaughtException', listener);
    });
  });
  socket.io.on('error', () => {
    throw new Error('the listener failed');
  });
  const gone = eventOf(socket, 'disconnect');
  socket.emit('large', 'x'.repeat(1000));
  expect((await gone)[0]).toBe('transport error');
  expect(await uncaught).toMatchObject({ message: 'the listener failed' });
});

test('events with retries and without ackTimeout wait for the next connection, however many were lost', async () => {
  let losses = 0;
  const { url } = await startServer({}, (server) => {
    server.on('connection', (socket: ServerSocket) => {
      socket.on('save', (done: () => void) => {
        if (++losses > 4) done();
        else socket.conn.close();
      });
    });
  });
  const socket = connect(url, { retries: 1 });
  const error = await new Promise((resolve) => socket.emit('save', resolve));
  expect([error, losses]).toEqual([null, 5]);
});

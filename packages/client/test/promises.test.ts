/** What this client keeps to and `socket.io-client` does not. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect as connectTcp, createServer as createTcpServer, type Socket as TcpSocket } from 'node:net';
import { Manager } from '@hawser/client';
import { Server as Engine, type Socket as Session } from '@hawser/engine';
import type { Server, Socket as ServerSocket } from 'socket.io';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Backoff } from '../src/backoff.ts';
import { connect, eventOf } from './rig/clients.ts';
import { startServer } from './rig/servers.ts';

test('acknowledgements settle at a disconnect: promises reject, callbacks with a timeout get an error, others are dropped', async () => {
  const rig = await startServer();
  const socket = connect(rig.url, { reconnection: false });
  await eventOf(socket, 'connect');
  const rejected = socket.emitWithAck('hang').catch((error: unknown) => error);
  const timed = new Promise((resolve) => socket.timeout(60_000).emit('hang', resolve));
  let isCalled = false;
  socket.emit('hang', () => {
    isCalled = true;
  });
  await rig.kill();
  expect(await rejected).toMatchObject({ message: 'socket has been disconnected' });
  expect(await timed).toMatchObject({ message: 'socket has been disconnected' });
  expect(isCalled).toBe(false);
});

test('sendBuffer is bounded in number and in bytes, and emit says so', async () => {
  const socket = connect('http://127.0.0.1:1', {
    autoConnect: false,
    maxBufferedEvents: 3,
    maxBufferedBytes: 1000,
  });
  for (let i = 0; i < 3; i++) socket.emit('number', i);
  expect(() => socket.emit('number', 3)).toThrow(
    expect.objectContaining({ code: 'SIO_ERR_SEND_BUFFER_FULL' }),
  );
  expect(socket.sendBuffer).toHaveLength(3);
  socket.sendBuffer = [];
  socket.emit('text', 'x'.repeat(600));
  expect(() => socket.emit('text', 'x'.repeat(600))).toThrow('maxBufferedBytes');
  await expect(socket.emitWithAck('bytes', Buffer.alloc(600))).rejects.toMatchObject({
    code: 'SIO_ERR_SEND_BUFFER_FULL',
  });
  socket.volatile.emit('text', 'x'.repeat(600));
  expect(socket.sendBuffer).toHaveLength(1);
});

test('the queue of retries is bounded too', () => {
  const socket = connect('http://127.0.0.1:1', { autoConnect: false, retries: 3, maxBufferedEvents: 2 });
  socket.emit('a').emit('b');
  expect(() => socket.emit('c')).toThrow(expect.objectContaining({ code: 'SIO_ERR_SEND_BUFFER_FULL' }));
});

test('a server that answers CONNECT without a sid, as Socket.IO 2 does, is a connect_error', async () => {
  const engine = await startEngine((session) => session.send('0'));
  const socket = connect(engine.url, { reconnection: false });
  const [error] = await eventOf(socket, 'connect_error');
  expect(error).toMatchObject({ message: 'the server speaks Socket.IO 2' });
  expect(socket.connected).toBe(false);
});

test('receiveBuffer is bounded: a server that sends events without end before CONNECT is left', async () => {
  const engine = await startEngine((session) => {
    for (let i = 0; i < 20; i++) session.send('2["flood"]');
  });
  const socket = connect(engine.url, { maxBufferedEvents: 10, reconnection: false });
  const [reason, description] = await eventOf(socket, 'disconnect');
  expect(reason).toBe('parse error');
  expect(description).toMatchObject({ code: 'SIO_ERR_RECEIVE_BUFFER_FULL' });
});

test('an event before CONNECT that is too deep to be weighed ends the connection, and nothing else', async () => {
  const depth = 20_000;
  const engine = await startEngine((session) => {
    session.send(`2["deep",${'['.repeat(depth)}${']'.repeat(depth)}]`);
  });
  const socket = connect(engine.url, { reconnection: false });
  expect(await eventOf(socket, 'disconnect')).toMatchObject([
    'parse error',
    { code: 'SIO_ERR_RECEIVE_BUFFER_FULL' },
  ]);
});

test.each([['polling'], ['websocket']])(
  'a message over maxPayload ends the connection as a transport error, over %s',
  async (name) => {
    const engine = await startEngine((session) => {
      session.send('0{"sid":"x"}');
      setImmediate(() => session.send(`2["big","${'x'.repeat(5000)}"]`));
    });
    const socket = connect(engine.url, { maxPayload: 2000, transports: [name], reconnection: false });
    const [reason] = await eventOf(socket, 'disconnect');
    expect(reason).toBe('transport error');
  },
);

test('a close frame with 1009 is a transport error, and the description says it', async () => {
  const { url } = await startServer({ maxHttpBufferSize: 100 });
  const socket = connect(url, { transports: ['websocket'], reconnection: false });
  await eventOf(socket, 'connect');
  socket.emit('big', 'x'.repeat(300));
  const [reason, description] = await eventOf(socket, 'disconnect');
  expect(reason).toBe('transport error');
  expect(description).toMatchObject({ description: 'message too big (1009)', context: { code: 1009 } });
});

test('an answer with 413 is a transport error, and the description says it', async () => {
  const { url } = await startServer({ maxHttpBufferSize: 100 });
  const socket = connect(url, { transports: ['polling'], reconnection: false });
  await eventOf(socket, 'connect');
  socket.emit('big', 'x'.repeat(300));
  const [reason, description] = await eventOf(socket, 'disconnect');
  expect(reason).toBe('transport error');
  expect(description).toMatchObject({ description: 413, context: { status: 413 } });
});

test.each([
  [1008, 'ping timeout', 'ping timeout', 'ping timeout'],
  [1008, 'slow consumer: over 10 bytes', 'transport error', 'slow consumer: over 10 bytes (1008)'],
  [1011, '', 'transport error', 'server error (1011)'],
  [1000, '', 'transport close', 'websocket connection closed'],
])('a close frame %i "%s" becomes %s', async (code, words, reason, description) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => {
    server.close();
  });
  server.on('connection', (ws) => {
    ws.send('0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}');
    ws.on('message', () => {
      ws.send('40{"sid":"b"}');
      ws.close(code, words);
    });
  });
  await eventOf(server as never, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect(`http://127.0.0.1:${port}`, { transports: ['websocket'], reconnection: false });
  const ended = await eventOf(socket, 'disconnect');
  expect(ended[0]).toBe(reason);
  expect(ended[1]).toMatchObject({ description, context: { code } });
});

test.each([
  ['null', '"pingInterval":25000,"pingTimeout":null'],
  ['a string', '"pingInterval":"25000","pingTimeout":"20000"'],
])('a deadline for pings that is %s ends no connection', async (_what, deadlines) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => {
    server.close();
  });
  server.on('connection', (ws) => {
    ws.send(`0{"sid":"a","upgrades":[],${deadlines},"maxPayload":1000}`);
    ws.on('message', (data) => ws.send(String(data) === '40' ? '40{"sid":"b"}' : '430["there"]'));
  });
  await eventOf(server as never, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect(`http://127.0.0.1:${port}`, { transports: ['websocket'], reconnection: false });
  await eventOf(socket, 'connect');
  expect(await socket.emitWithAck('ask')).toBe('there');
  expect(socket.io.engine._pingTimeoutTime).toBeGreaterThan(Date.now() + 44_000);
});

test('delays of reconnection are spread at the longest too, and never longer', () => {
  const backoff = new Backoff(1000, 5000, 0.5);
  const delays = Array.from({ length: 200 }, () => backoff.next()).slice(3);
  expect(Math.max(...delays)).toBeLessThanOrEqual(5000);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(2500);
  expect(new Set(delays).size).toBeGreaterThan(100);
});

test('a retry asks under an id of its own, as with socket.io-client', async () => {
  const ids: unknown[] = [];
  const rig = await startServer({}, (io: Server) => {
    io.on('connection', (socket: ServerSocket) => {
      socket.conn.on('packet', ({ data }: { data?: string }) => {
        if (data?.includes('"save"')) ids.push(/^2(\d+)/.exec(data)?.[1]);
      });
      socket.on('save', (done: () => void) => {
        if (ids.length === 3) done();
      });
    });
  });
  const socket = connect(rig.url, { retries: 5, ackTimeout: 50, transports: ['websocket'] });
  await eventOf(socket, 'connect');
  await new Promise((resolve) => socket.emit('save', resolve));
  expect(ids.slice(0, 3)).toEqual(['0', '1', '2']);
});

test('events that no transport was handed when the connection broke are sent again, each once and in order', async () => {
  const got: number[] = [];
  const prepare = (io: Server) => {
    io.on('connection', (socket: ServerSocket) => {
      socket.on('number', (value: number, answer: () => void) => {
        got.push(value);
        answer();
      });
    });
  };
  const proxy = await startProxy(await startServer({}, prepare));
  const socket = connect(proxy.url, { transports: ['polling'] });
  await eventOf(socket, 'connect');
  await socket.emitWithAck('number', -1);
  if (socket.io.engine.writeBuffer.length > 0) await eventOf(socket.io.engine, 'drain');
  // The first is on its way, and gets nowhere; the others wait behind it.
  const held = proxy.hold();
  const first = socket.emitWithAck('number', 0).catch(() => 'lost');
  await held;
  const others = [1, 2, 3].map((value) => socket.emitWithAck('number', value));
  proxy.cut();
  expect(await first).toBe('lost');
  await Promise.all(others);
  expect(got).toEqual([-1, 1, 2, 3]);
});

test.each([[700], [1700]])(
  'a timer that fires late does not end a session whose packets wait to be read: after %s ms',
  async (timeMs) => {
    const engine = await startEngine((session) => session.send('0{"sid":"x"}'), {
      pingInterval: 300,
      pingTimeout: 200,
    });
    const socket = connect(engine.url, { transports: ['websocket'], reconnection: false });
    await eventOf(socket, 'connect');
    let hasEnded = false;
    socket.on('disconnect', () => {
      hasEnded = true;
    });
    // As a tab whose timers stand still: the server's pings wait in the kernel.
    await freeze(timeMs);
    socket.emit('after the sleep');
    await eventOf(socket.io.engine, 'ping');
    await eventOf(socket.io.engine, 'ping');
    expect(hasEnded).toBe(false);
  },
);

test('what the program was told had failed, or left, is not sent again', async () => {
  const got: unknown[] = [];
  const prepare = (io: Server) => {
    const take = (socket: ServerSocket) => {
      socket.on('order', (value: unknown, answer?: () => void) => {
        got.push(value);
        answer?.();
      });
    };
    io.on('connection', take);
    io.of('/left').on('connection', take);
  };
  const proxy = await startProxy(await startServer({}, prepare));
  const socket = connect(proxy.url, { transports: ['polling'] });
  const left = socket.io.socket('/left');
  await Promise.all([eventOf(socket, 'connect'), eventOf(left, 'connect')]);
  await socket.emitWithAck('order', 'first');
  if (socket.io.engine.writeBuffer.length > 0) await eventOf(socket.io.engine, 'drain');
  const held = proxy.hold();
  socket.emit('order', 'gets nowhere');
  await held;
  const late = socket.timeout(20).emitWithAck('order', 'took too long');
  left.emit('order', 'of a namespace that was left');
  left.disconnect();
  await expect(late).rejects.toThrow('timed out');
  proxy.cut();
  await socket.emitWithAck('order', 'last');
  expect(got).toEqual(['first', 'last']);
});

test('events that are emitted while it is in doubt whether the server is there wait for a sign of life', async () => {
  const got: unknown[] = [];
  const { url } = await startServer({}, (io: Server) => {
    io.on('connection', (socket: ServerSocket) => {
      socket.onAny((...args: unknown[]) => got.push(args));
      socket.on('tell', () => socket.emit('told'));
    });
  });
  const socket = connect(url, { transports: ['websocket'] });
  await eventOf(socket, 'connect');
  const told = eventOf(socket, 'told');
  socket.emit('tell');
  socket.io.engine._pingTimeoutTime = Date.now() - 60_000;
  socket.emit('a');
  expect(socket.sendBuffer).toHaveLength(1);
  await told;
  expect(socket.sendBuffer).toHaveLength(0);
  expect(socket.connected).toBe(true);
});

test('what a listener throws does not keep the packets behind from being delivered', async () => {
  const engine = await startEngine((session) => {
    session.send('0{"sid":"x"}');
    session.send('2["a"]');
    session.send('2["b"]');
  });
  const uncaught = catchUncaught();
  const socket = connect(engine.url, { transports: ['polling'] });
  socket.on('a', () => {
    throw new Error("the program's own");
  });
  await eventOf(socket, 'b');
  expect(socket.connected).toBe(true);
  expect(uncaught).toMatchObject([{ message: "the program's own" }]);
});

test('what a listener throws at an event that came before connect keeps neither the others back nor connect', async () => {
  const uncaught = catchUncaught();
  const engine = await startEngine((session) => {
    for (const packet of ['2["a"]', '2["b"]', '0{"sid":"x"}']) session.send(packet);
  });
  const socket = connect(engine.url, { transports: ['websocket'] });
  socket.on('a', () => {
    throw new Error("the program's own");
  });
  const behind = eventOf(socket, 'b');
  await eventOf(socket, 'connect');
  await behind;
  expect(uncaught).toMatchObject([{ message: "the program's own" }]);
});

test('what listeners throw at a disconnect keeps nobody from being told, nor the connection from coming back', async () => {
  const uncaught = catchUncaught();
  const { io, url } = await startServer({}, (server) => server.of('/other'));
  const manager = new Manager(url, { transports: ['websocket'], reconnectionDelay: 10 });
  const sockets = [manager.socket('/'), manager.socket('/other')];
  onTestFinished(() => {
    for (const socket of sockets) socket.disconnect();
  });
  await Promise.all(sockets.map((socket) => eventOf(socket, 'connect')));
  const answers = sockets.map((socket) =>
    socket.emitWithAck('nobody answers').catch((error: Error) => error.message),
  );
  for (const socket of sockets) {
    socket.timeout(600_000).emit('nobody answers', () => {
      throw new Error("the program's own");
    });
    socket.once('disconnect', () => {
      throw new Error("the program's own");
    });
  }
  const again = sockets.map((socket) => eventOf(socket, 'connect'));
  for (const session of Object.values((io.engine as unknown as Engine).clients)) session.close(true);
  await Promise.all(again);
  expect(await Promise.all(answers)).toEqual(Array(2).fill('socket has been disconnected'));
  expect(uncaught).toMatchObject(Array(4).fill({ message: "the program's own" }));
});

test('what listeners throw at an attempt that fails, or begins, keeps the client from no other', async () => {
  const uncaught = catchUncaught();
  const { port, kill } = await startServer();
  await kill();
  const socket = connect(`http://127.0.0.1:${port}`);
  const fault = () => {
    throw new Error("the program's own");
  };
  socket.once('connect_error', fault);
  socket.io.once('reconnect_attempt', fault);
  socket.io.once('reconnect_error', fault);
  const isReconnected = eventOf(socket.io, 'reconnect');
  socket.io.once('open', fault);
  await vi.waitUntil(() => uncaught.length === 3);
  await startServer({}, () => {}, port);
  await isReconnected;
  expect(uncaught).toMatchObject(Array(4).fill({ message: "the program's own" }));
  if (!socket.connected) await eventOf(socket, 'connect');
  const isBack = eventOf(socket, 'connect');
  socket.io.engine.close();
  await isBack;
});

/** Collects what nobody catches, in place of the test runner, until the test ends. */
function catchUncaught(): readonly unknown[] {
  const uncaught: unknown[] = [];
  const listener = (error: unknown) => uncaught.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', listener);
  onTestFinished(() => {
    process.off('uncaughtException', listener);
    for (const other of others) process.on('uncaughtException', other);
  });
  return uncaught;
}

/** Stops this process from looking at anything. */
async function freeze(timeMs: number): Promise<void> {
  const endMs = Date.now() + timeMs;
  while (Date.now() < endMs);
}

/** Starts our engine with a hand that plays Socket.IO. */
async function startEngine(
  onMessage: (session: Session) => void,
  options: object = {},
): Promise<{ url: string; engine: Engine }> {
  const http = createServer();
  const engine = new Engine(options);
  engine.attach(http, { path: '/socket.io' });
  engine.on('connection', (session: Session) => {
    session.once('message', () => onMessage(session));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    engine.close();
    http.closeAllConnections();
    http.close();
  });
  return { engine, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}

/** A way to a server that can hold back what the client sends, and break every connection. */
async function startProxy({
  port,
}: {
  port: number;
}): Promise<{ url: string; hold(): Promise<void>; cut(): void }> {
  const clients = new Set<TcpSocket>();
  let isHeld = false;
  let onHeld = () => {};
  const server = createTcpServer((client) => {
    const upstream = connectTcp(port, '127.0.0.1');
    clients.add(client);
    client.on('data', (chunk) => {
      if (isHeld && chunk.includes('POST')) onHeld();
      else upstream.write(chunk);
    });
    upstream.pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
    client.on('close', () => clients.delete(client));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const client of clients) client.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: () => {
      isHeld = true;
      return new Promise<void>((resolve) => {
        onHeld = resolve;
      });
    },
    cut: () => {
      isHeld = false;
      for (const client of clients) client.destroy();
    },
  };
}

test('what is emitted while the connection closes goes out over the next one', async () => {
  const heard: unknown[] = [];
  const { url, io } = await startServer({}, (server) => {
    server.on('connection', (peer: ServerSocket) =>
      peer.on('said', (...args: unknown[]) => heard.push(...args)),
    );
  });
  const socket = connect(url, { transports: ['websocket'], reconnectionDelay: 10 });
  await eventOf(socket, 'connect');
  const [session] = Object.values((io.engine as unknown as Engine).clients);
  (session!.transport as unknown as { socket: { close(code: number): void } }).socket.close(1001);
  const { ws } = socket.io.engine.transport as unknown as { ws: WebSocket };
  while (ws.readyState === WebSocket.OPEN) await new Promise((resolve) => setImmediate(resolve));
  expect([ws.readyState, socket.connected]).toEqual([WebSocket.CLOSING, true]);
  socket.emit('said', 'while it closed');
  await eventOf(socket, 'connect');
  await vi.waitUntil(() => heard.length > 0);
  expect(heard).toEqual(['while it closed']);
});

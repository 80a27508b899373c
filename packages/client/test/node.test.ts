/** What only Node has. */

import { spawn } from 'node:child_process';
import { Agent, createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { io } from '@hawser/client';
import type { Socket as ServerSocket } from 'socket.io';
import { io as upstream } from 'socket.io-client';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { buildOnce } from './browser/page.ts';
import { carriedBy, connect, eventOf } from './rig/clients.ts';
import { startServer } from './rig/servers.ts';
import { bundleSources } from './rig/sources.ts';

const TIMEOUT_MS = 120_000;

beforeAll(buildOnce, TIMEOUT_MS);

const TRANSPORTS = [[['polling']], [['websocket']], [['polling', 'websocket']]];

test.each(TRANSPORTS)(
  'with autoUnref a process ends although it is connected, over %s',
  async (transports) => {
    const { url } = await startServer();
    const program = `
    const socket = require('@hawser/client')('${url}', { autoUnref: true, transports: ${JSON.stringify(transports)} });
    // This timer keeps the process alive until it is connected.
    const timer = setInterval(() => {}, 1000);
    const done = () => {
      console.log(socket.connected, socket.io.engine.transport.name);
      clearInterval(timer);
    };
    socket.on('connect', () => {
      const { engine } = socket.io;
      if (engine.transport.name === '${transports.at(-1)}') done();
      else engine.once('upgrade', done);
    });`;
    const child = spawn(process.execPath, ['-e', program], { cwd: join(__dirname, '..') });
    onTestFinished(() => {
      child.kill();
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.pipe(process.stderr);
    expect(await eventOf(child, 'close')).toEqual([0, null]);
    expect(output).toBe(`true ${transports.at(-1)}\n`);
  },
);

test.each(['polling', 'websocket'])(
  'with autoUnref a process ends while the server does not answer, over %s',
  async (transport) => {
    const silent = createServer((socket) => socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    const program = `
    const options = { autoUnref: true, timeout: 1e9, transports: ['${transport}'] };
    require('@hawser/client')('http://127.0.0.1:${port}', options);
    // This timer keeps the process alive until the server has the request.
    const timer = setInterval(() => {}, 1000);
    process.once('message', () => {
      clearInterval(timer);
      process.disconnect();
    });`;
    const arrival = new Promise<Socket>((resolve) => {
      silent.on('connection', (socket) => socket.once('data', () => resolve(socket)));
    });
    const child = spawn(process.execPath, ['-e', program], {
      cwd: join(__dirname, '..'),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    onTestFinished(() => {
      child.kill();
    });
    await arrival;
    child.send('end');
    expect(await eventOf(child, 'close')).toEqual([0, null]);
  },
);

test('an event is compressed over WebSocket, but not with compress(false)', async () => {
  const rig = await startServer({ perMessageDeflate: true }, (io) => {
    io.on('connection', (socket: ServerSocket) => {
      socket.on('text', (_text: string, answer: () => void) => answer());
    });
  });
  /** Of the first frame of each chunk that the server reads: RSV1 is 0x40, text 0x81. */
  const heads: (number | undefined)[] = [];
  rig.http.prependListener('upgrade', (_request, socket) => {
    socket.on('data', (chunk: Buffer) => heads.push(chunk[0]));
  });
  const socket = connect(rig.url, { transports: ['websocket'] });
  await eventOf(socket, 'connect');
  heads.length = 0;
  const text = 'x'.repeat(3000);
  await socket.emitWithAck('text', text);
  await socket.compress(false).emitWithAck('text', text);
  await socket.compress(true).emitWithAck('text', text);
  expect(heads).toEqual([0xc1, 0x81, 0xc1]);
});

test.each([
  [
    'no context takeover where the program wants none',
    { serverNoContextTakeover: true, clientNoContextTakeover: true },
    2,
  ],
  ['context takeover otherwise, as upstream', {}, 0],
  ['the same where its configuration says null', { threshold: null as never }, 0],
])('over WebSocket the client asks for %s', async (_, perMessageDeflate, wishes) => {
  // It refuses who asks it to begin each message anew.
  const serverNoContextTakeover = wishes > 0 ? undefined : false;
  const rig = await startServer({ perMessageDeflate: { threshold: 0, serverNoContextTakeover } });
  const offers: (string | undefined)[] = [];
  rig.http.prependListener('upgrade', ({ headers }) => offers.push(headers['sec-websocket-extensions']));
  const socket = connect(rig.url, { transports: ['websocket'], perMessageDeflate });
  await eventOf(socket, 'connect');
  expect(offers[0]!.match(/no_context_takeover/g)?.length ?? 0).toBe(wishes);
});

test('the answer to a poll costs a small factor of its bytes, however it is cut', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      socket.write('1\r\na\r\n'.repeat(900_000));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const program = `
    const { Socket } = require('@hawser/client/engine');
    const size = () => {
      gc();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const socket = new Socket('http://127.0.0.1:${port}', { transports: ['polling'] });
    const before = size();
    let parts = 0;
    socket.transport.on('progress', () => {
      if (++parts < 900_000) return;
      console.log(size() - before < 10_000_000 ? 'little' : 'much');
      socket.close();
    });`;
  const child = spawn(process.execPath, ['--expose-gc', '-e', program], { cwd: join(__dirname, '..') });
  onTestFinished(() => {
    child.kill();
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.pipe(process.stderr);
  expect(await eventOf(child, 'close')).toEqual([0, null]);
  expect(output).toBe('little\n');
});

test.each(['polling', 'websocket'])(
  'what answers over %s and is no Engine.IO is a server error',
  async (transport) => {
    const http = createHttpServer((_, response) => response.end('<!doctype html>'));
    new WebSocketServer({ server: http }).on('connection', (ws) => ws.send('<!doctype html>'));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      http.close();
    });
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    for (const connectWith of [io as unknown as typeof upstream, upstream]) {
      const socket = connectWith(url, { transports: [transport], forceNew: true, reconnection: false });
      const [error] = await eventOf<[Error]>(socket, 'connect_error');
      expect(error.message).toBe('server error');
    }
  },
);

test('what the engine writes can be kept back by a program that replaces its `write`', async () => {
  const { url } = await startServer({ connectTimeout: 30 });
  const socket = connect(url, { reconnection: false });
  const written: unknown[] = [];
  socket.io.engine.write = (data) => {
    written.push(data);
    return socket.io.engine;
  };
  await eventOf(socket, 'disconnect');
  expect(written).toEqual(['0']);
});

test("a WebSocket sends the program's own cookies and those of the server", async () => {
  const { io: server, url } = await startServer({ cookie: true });
  const upgrades: (string | undefined)[] = [];
  server.engine.on('headers', (_headers: object, { headers }: { headers: Record<string, string> }) => {
    if (headers.upgrade !== undefined) upgrades.push(headers.cookie);
  });
  const socket = connect(url, { withCredentials: true, extraHeaders: { cookie: 'mine=1' } });
  await eventOf(socket, 'connect');
  const { id } = socket.io.engine;
  await carriedBy(socket, 'websocket');
  expect(upgrades).toEqual([`mine=1; io=${id}`]);
});

test('a WebSocket has the Origin of the option, and comes from the address that it is given', async () => {
  const { io, url } = await startServer();
  const came: unknown[] = [];
  io.on('connection', ({ handshake }) => came.push([handshake.headers.origin, handshake.address]));
  const options = { origin: 'https://app.example', family: 4, localAddress: '127.0.0.2' };
  await eventOf(connect(url, { transports: ['websocket'], ...options }), 'connect');
  expect(came).toEqual([['https://app.example', '127.0.0.2']]);
});

// As upstream: servers and proxies count and filter clients by it.
test('polling has a User-Agent, which headers of the program override', async () => {
  const { io, url } = await startServer();
  const agents: unknown[] = [];
  io.on('connection', ({ handshake }) => agents.push(handshake.headers['user-agent']));
  for (const extraHeaders of [{}, { 'user-agent': 'mine/1' }]) {
    await eventOf(connect(url, { transports: ['polling'], extraHeaders }), 'connect');
  }
  expect(agents).toEqual(['node-XMLHttpRequest', 'mine/1']);
});

// As upstream: tests of programs stop the clock, and rely on it.
test('while the clock of the program stands, a request does not fail, even with timers of its own', async () => {
  onTestFinished(() => void vi.useRealTimers());
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const socket = connect('http://127.0.0.1:1', { transports: ['polling'], useNativeTimers: true });
  const errors: Error[] = [];
  socket.on('connect_error', (error) => errors.push(error));
  await sleep(200);
  expect(errors).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(errors).toMatchObject([{ message: 'xhr poll error' }]);
});

test.each(['polling', 'websocket'])(
  'what is sent leaves over %s while the timers of the program are fake, ticks and microtasks too',
  async (transport) => {
    const { url } = await startServer({}, (server) => {
      server.on('connection', (peer) => peer.on('ask', (answer: () => void) => answer()));
    });
    // As `jest.useFakeTimers()` does it to what a test sees, and to nothing of Node.
    const program = `
      import { io } from '@hawser/client';
      const socket = io('${url}', { transports: ['${transport}'] });
      const { exit } = process;
      socket.on('connect', async () => {
        globalThis.process = Object.create(process, { nextTick: { value: () => {} } });
        globalThis.queueMicrotask = () => {};
        for (const name of ['setTimeout', 'setInterval', 'setImmediate']) globalThis[name] = () => ({ unref() {} });
        for (let i = 0; i < 3; i++) await socket.emitWithAck('ask');
        exit(7);
      });`;
    const child = spawn(process.execPath, ['-'], {
      cwd: join(__dirname, '..'),
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    onTestFinished(() => void child.kill());
    child.stdin.end(await bundleSources(program, 'node'));
    expect(await eventOf(child, 'exit')).toEqual([7, null]);
  },
);

test('a request whose connection breaks behind its answer has been answered', async () => {
  const { url } = await startServer({}, (server) => {
    server.on('connection', (peer) => peer.on('ask', (answer: () => void) => answer()));
  });
  const connections: Socket[] = [];
  class Recording extends Agent {
    override createConnection(...args: [object, () => void]): Socket {
      const connection = (Agent.prototype as unknown as Recording).createConnection.apply(this, args);
      connections.push(connection);
      return connection;
    }
  }
  const socket = connect(url, {
    transports: ['polling'],
    agent: new Recording() as never,
    autoConnect: false,
  });
  const ends: unknown[] = [];
  socket.connect();
  socket.on('disconnect', (reason) => ends.push(reason));
  socket.on('connect_error', (error) => ends.push(error.message));
  // Within the end of the answer to the first poll.
  socket.io.engine.once('open', () => connections[0]!.destroy(new Error('reset')));
  await socket.emitWithAck('ask');
  await socket.emitWithAck('ask');
  expect(ends).toEqual([]);
});

test('a poll that nothing comes over any more is noticed, although what is sent is answered', async () => {
  let polls = 0;
  const server = createHttpServer((request, response) => {
    request.resume();
    if (request.method === 'POST') response.end('ok');
    else if (++polls === 1) {
      const handshake = { sid: 'x', upgrades: [], pingInterval: 100, pingTimeout: 100, maxPayload: 1000 };
      response.end(`0${JSON.stringify(handshake)}`);
    } else if (polls === 2) response.end('40{"sid":"y"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const socket = connect(`http://127.0.0.1:${port}`, { transports: ['polling'], reconnection: false });
  await eventOf(socket, 'connect');
  const timer = setInterval(() => socket.emit('more'), 20);
  onTestFinished(() => clearInterval(timer));
  expect((await eventOf(socket, 'disconnect'))[0]).toBe('ping timeout');
});

import { Agent, createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Fetch,
  NodeWebSocket,
  NodeXHR,
  Socket,
  type SocketOptions,
  SocketWithoutUpgrade,
  SocketWithUpgrade,
  Transport,
  transports,
} from '@hawser/client/engine';
import { type AttachOptions, Server, type ServerOptions, type Socket as Session } from '@hawser/engine';
import { Server as UpstreamServer } from 'engine.io';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventOf } from '../rig/clients.ts';

const SERVERS = { '@hawser/engine': Server, 'engine.io': UpstreamServer as unknown as typeof Server };

interface Rig {
  readonly engine: Server;
  readonly url: string;
  readonly requests: IncomingMessage[];
}

async function start(options: ServerOptions & AttachOptions = {}, EngineServer = Server): Promise<Rig> {
  const http = createServer();
  const engine = new EngineServer(options);
  const requests: IncomingMessage[] = [];
  engine.on('connection', (session: Session) => {
    session.on('message', (data: string | Buffer) => session.send(data));
  });
  engine.attach(http, options);
  http.on('request', (request) => requests.push(request));
  http.on('upgrade', (request) => requests.push(request));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    engine.close();
    http.closeAllConnections();
    http.close();
  });
  return { engine, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, requests };
}

function open(url: string, options: SocketOptions = {}): Socket {
  const socket = new Socket(url, options);
  onTestFinished(() => {
    socket.close();
  });
  return socket;
}

describe.each(Object.entries(SERVERS))('an engine of %s', (_name, EngineServer) => {
  test.each([
    ['polling', { transports: ['polling'] }],
    ['polling with base64 asked for', { transports: ['polling'], forceBase64: true }],
    ['websocket', { transports: ['websocket'] }],
    ['websocket with base64', { transports: ['websocket'], forceBase64: true }],
    ['fetch', { transports: [Fetch] }],
    ['an upgrade', {}],
    ['classes', { transports: [NodeXHR, NodeWebSocket] }],
  ] as [string, SocketOptions][])('echoes text and binary data over %s', async (_title, options) => {
    const { url } = await start({}, EngineServer);
    const socket = open(url, options);
    await eventOf(socket, 'open');
    const messages: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      socket.on('message', (data) => messages.push(data) === 6 && resolve());
    });
    socket.send('ü€😀');
    socket.send('');
    socket.send(Buffer.from([0, 1, 255]));
    socket.send(Uint8Array.of(9, 8, 7, 6).subarray(1, 3));
    socket.send(new Blob([Uint8Array.of(5, 4)]));
    socket.send(new Uint8Array([1]).buffer);
    await done;
    expect(messages).toEqual([
      'ü€😀',
      expect.toSatisfy((empty: unknown) => empty === ''),
      Buffer.from([0, 1, 255]),
      Buffer.from([8, 7]),
      Buffer.from([5, 4]),
      Buffer.from([1]),
    ]);
  });

  test('a session moves from polling to websocket under load, and nothing is lost or out of order', async () => {
    const { url } = await start({}, EngineServer);
    const socket = open(url);
    const count = 2000;
    const messages: number[] = [];
    const done = new Promise<void>((resolve) => {
      socket.on('message', (data) => messages.push(Number(data)) === count && resolve());
    });
    const upgraded = eventOf(socket, 'upgrade');
    await eventOf(socket, 'open');
    for (let i = 0; i < count; i++) {
      socket.send(String(i));
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all([done, upgraded]);
    expect(messages).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(socket.transport.name).toBe('websocket');
  });

  test('a polling client packs no more into a request than the server takes', async () => {
    const { url } = await start({ maxHttpBufferSize: 200 }, EngineServer);
    const socket = open(url, { transports: ['polling'] });
    await eventOf(socket, 'open');
    const sent = Array.from({ length: 30 }, (_, i) => `${i} ${'ü'.repeat(20)}`);
    const got: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      socket.on('message', (data) => got.push(data) === sent.length && resolve());
    });
    for (const text of sent) socket.send(text);
    await done;
    expect(got).toEqual(sent);
  });

  test('close waits until what was sent has left', async () => {
    const { engine, url } = await start({}, EngineServer);
    const got: unknown[] = [];
    const closed = new Promise<unknown>((resolve) => {
      engine.on('connection', (session: Session) => {
        session.on('message', (data) => got.push(data));
        session.on('close', resolve);
      });
    });
    const socket = open(url, { transports: ['polling'] });
    await eventOf(socket, 'open');
    for (let i = 0; i < 5; i++) socket.send(String(i));
    const ended = eventOf(socket, 'close');
    socket.close();
    expect(socket.readyState).toBe('closing');
    expect(await ended).toEqual(['forced close', undefined]);
    expect(await closed).toBe('transport close');
    expect(got).toEqual(['0', '1', '2', '3', '4']);
  });
});

test('a session that ends before its upgrade says so, and tries nothing else', async () => {
  const { engine, url, requests } = await start();
  engine.use((request, _response, next) => {
    const isUpgrade = request.url?.includes('transport=websocket') === true;
    // Who wants to upgrade is not answered.
    if (isUpgrade) engine.close();
    else next();
  });
  const socket = open(url, { transports: ['polling', 'websocket'] });
  const seen: string[] = [];
  socket.on('close', (reason) => seen.push(reason));
  const [error] = await eventOf(socket, 'upgradeError');
  expect(error).toMatchObject({ message: 'probe error', cause: 'socket closed', transport: 'websocket' });
  expect(seen).toHaveLength(1);
  expect(requests.filter(({ url }) => url?.includes('transport=websocket'))).toHaveLength(1);
});

test('a session without upgrades takes classes, and stays where it is', async () => {
  const { url } = await start();
  const socket = new SocketWithoutUpgrade(url, { transports: [NodeXHR] });
  await eventOf(socket, 'open');
  expect(socket.transport.name).toBe('polling');
  socket.close();
  const moving = new SocketWithUpgrade(url, { transports: [NodeXHR, NodeWebSocket] });
  await eventOf(moving, 'upgrade');
  moving.close();
});

test('tryAllTransports goes on with the next where one fails to open', async () => {
  const { url } = await start({ transports: ['websocket'] });
  const socket = open(url, { tryAllTransports: true });
  await eventOf(socket, 'open');
  expect(socket.transport.name).toBe('websocket');
  const failing = open(url);
  const [error] = await eventOf(failing, 'error');
  expect(error).toMatchObject({ message: 'xhr poll error', description: 400 });
});

test('rememberUpgrade begins with WebSocket where the last session came to it', async () => {
  const { url } = await start();
  SocketWithoutUpgrade.priorWebsocketSuccess = false;
  const first = open(url, { rememberUpgrade: true });
  expect(first.transport.name).toBe('polling');
  await eventOf(first, 'upgrade');
  const second = open(url, { rememberUpgrade: true });
  expect(second.transport.name).toBe('websocket');
  await eventOf(second, 'open');
});

test.each([['polling'], ['websocket']])(
  'headers, parameters and the path reach the server over %s',
  async (name) => {
    const { url, requests } = await start({ path: '/there', addTrailingSlash: false });
    const socket = open(`${url}?a=1`, {
      path: '/there/',
      addTrailingSlash: false,
      transports: [name],
      extraHeaders: { 'X-Mine': 'yes' },
      timestampParam: 'stamp',
      timestampRequests: true,
    });
    await eventOf(socket, 'open');
    expect(requests[0]!.headers['x-mine']).toBe('yes');
    expect(requests[0]!.url).toMatch(new RegExp(`^/there\\?a=1&EIO=4&transport=${name}&stamp=[0-9a-z]+$`));
  },
);

test.each([['polling'], ['websocket'], ['fetch']])(
  'with withCredentials a Node client keeps the cookies of the server, over %s',
  async (name) => {
    const { engine, url, requests } = await start();
    engine.on('initial_headers', (headers: Record<string, unknown>) => {
      headers['set-cookie'] = ['a=1; Path=/', 'b="2"; Max-Age=3600', 'gone=1; Max-Age=0'];
    });
    const first = name === 'fetch' ? [Fetch] : ['polling'];
    const options = {
      transports: name === 'websocket' ? ['polling', 'websocket'] : first,
      withCredentials: true,
    };
    const socket = open(url, options as SocketOptions);
    await eventOf(socket, name === 'websocket' ? 'upgrade' : 'open');
    socket.send('x');
    await eventOf(socket, 'message');
    expect(requests[0]!.headers.cookie).toBeUndefined();
    expect(requests.slice(1).map(({ headers }) => headers.cookie)).toContain('a=1; b=2');
  },
);

test('requestTimeout bounds a request', async () => {
  const http = createServer(() => {});
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  for (const Class of [NodeXHR, Fetch]) {
    const socket = open(url, { transports: [Class], requestTimeout: 50 });
    const [error] = await eventOf(socket, 'error');
    expect((error as Error).message).toMatch(/^(xhr poll|fetch read) error$/);
  }
});

test('an agent makes the connections', async () => {
  const { url } = await start();
  let count = 0;
  const agent = new Agent();
  const createConnection = agent.createConnection.bind(agent);
  agent.createConnection = ((...args: Parameters<typeof createConnection>) => {
    count++;
    return createConnection(...args);
  }) as typeof agent.createConnection;
  const socket = open(url, { agent: agent as never });
  await eventOf(socket, 'upgrade');
  expect(count).toBeGreaterThanOrEqual(3);
});

test('garbage in place of a handshake is an error, not an exception', async () => {
  const answers = [
    '',
    '0{',
    '0null',
    '0{"sid":1}',
    '9x',
    '0{"sid":"a","upgrades":[],"pingInterval":-1,"pingTimeout":1}',
  ];
  for (const answer of answers) {
    const http = createServer((_request, response) => response.end(answer));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      http.closeAllConnections();
      http.close();
    });
    const socket = open(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
      transports: ['polling'],
    });
    const [reason] = await eventOf(socket, 'close');
    expect(reason).toBe('transport error');
  }
});

test('a transport of the program is used by its class', async () => {
  class Loop extends Transport {
    get name(): string {
      return 'loop';
    }
    protected doOpen(): void {
      queueMicrotask(() => {
        this.onOpen();
        this.onData('0{"sid":"s","upgrades":[],"pingInterval":1000,"pingTimeout":1000}');
      });
    }
    protected doClose(): void {}
    protected write(packets: { data?: unknown }[]): void {
      for (const { data } of packets) this.onPacket({ type: 'message', data });
      this.emitReserved('drain');
    }
  }
  const socket = open('http://127.0.0.1:1', { transports: [Loop] });
  await eventOf(socket, 'open');
  const message = eventOf(socket, 'message');
  socket.send('there and back');
  expect(await message).toEqual(['there and back']);
});

test('transports make URLs of what they are given', () => {
  const of = (name: keyof typeof transports, options: object): string =>
    (
      new transports[name]({ path: '/engine.io', query: {}, ...options }) as unknown as { uri(): string }
    ).uri();
  const still = { timestampRequests: false };
  expect(of('polling', { hostname: 'localhost', query: { sid: 'x' }, ...still })).toBe(
    'http://localhost/engine.io?sid=x',
  );
  expect(of('polling', { hostname: 'h', secure: true, port: 443, query: { sid: 'x' }, ...still })).toBe(
    'https://h/engine.io?sid=x',
  );
  expect(of('polling', { hostname: '::1', port: 8080, ...still })).toBe('http://[::1]:8080/engine.io');
  expect(of('websocket', { hostname: 'h', secure: true, port: '81', query: { a: 'b c' } })).toBe(
    'wss://h:81/engine.io?a=b%20c',
  );
  expect(of('polling', { hostname: 'h', query: {}, timestampParam: 't' })).toMatch(
    /^http:\/\/h\/engine\.io\?t=[0-9a-z]+$/,
  );
});

test.each([
  ['http://localhost', 'localhost', '80', false],
  ['https://example.org', 'example.org', '443', true],
  ['ws://localhost:8080', 'localhost', '8080', false],
  ['wss://localhost', 'localhost', '443', true],
  ['http://[::1]', '::1', '80', false],
  ['localhost:81', 'localhost', '81', false],
])('a client of %s knows where that is', (uri, hostname, port, secure) => {
  const socket = new Socket(uri, { transports: [] });
  expect([socket.hostname, socket.port, socket.secure]).toEqual([hostname, port, secure]);
  socket.close();
});

test('without a transport there is an error', async () => {
  const socket = new Socket('http://localhost', { transports: [] });
  expect(await eventOf(socket, 'error')).toEqual(['No transports available']);
});

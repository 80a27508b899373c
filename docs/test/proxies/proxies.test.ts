import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  type CloseEvent,
  type ServerSocket,
  type UpgradeRequest,
  WebSocket,
  type WebSocketClientOptions,
  WebSocketServer,
  type WebSocketServerOptions,
} from '@hawser/ws';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../free-port.ts';
import { PageProgram } from './page-program.ts';
import { PROXY_KINDS, type ProxyKind } from './proxy-kinds.ts';
import { CERTIFICATE_FILE, ProxyProcess } from './proxy-process.ts';

const RESTART_PAGE = 'docs/how-to/restart-gracefully.md';
/** For what takes a proxy a moment. */
const POLL = { timeout: 20_000 };
const MEBIBYTE = 1_048_576;
const tls = { ca: readFileSync(CERTIFICATE_FILE) };

/** What a test started, to be ended behind it. */
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanups.splice(0).reverse()) await end();
});

for (const kind of PROXY_KINDS) {
  const reason = kind.program === null ? ` (skipped: needs ${kind.name} on Linux)` : '';
  describe.skipIf(kind.program === null)(`behind ${kind.name}${reason}`, () => describeProxy(kind));
  if (reason !== '') console.log(`behind ${kind.name}${reason}`);
}

function describeProxy(kind: ProxyKind): void {
  it('server and client exchange text, bytes and a message of a mebibyte', async () => {
    const { proxy } = await serve(kind, echo);
    const socket = await open(proxy, '/chat');
    for (const message of ['hellø', Buffer.from([0, 255]), Buffer.alloc(MEBIBYTE, 'hawser'), '']) {
      socket.send(message);
      expect(toComparable(await nextMessage(socket))).toEqual(toComparable(message));
    }
  });

  it('server sees the address of the client and its scheme, whatever the client wrote there', async () => {
    const requests: UpgradeRequest[] = [];
    const { proxy } = await serve(kind, { upgrade: (request) => void requests.push(request) });
    await open(proxy, '/chat', { headers: { 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': 'http' } });
    const { headers, remoteAddress } = requests[0]!;
    expect({
      remoteAddress,
      address: headers['x-forwarded-for'],
      scheme: headers['x-forwarded-proto'],
    }).toEqual({ remoteAddress: '127.0.0.1', address: '127.0.0.1', scheme: 'https' });
  });

  it('server and client agree on compression', async () => {
    const { proxy } = await serve(kind, { ...echo, compression: true });
    const socket = await open(proxy, '/chat');
    expect(socket.extensions).toMatch(/^permessage-deflate/);
    const message = 'a realtime stack '.repeat(10_000);
    socket.send(message);
    expect((await nextMessage(socket)) === message).toBe(true);
  });

  it('server gets the close code of the client, and the client that of the server', async () => {
    const codes: unknown[] = [];
    const { proxy } = await serve(kind, {
      message: (socket) => socket.close(4002, 'as you wish'),
      close: (_socket, code, reason) => codes.push([code, reason]),
    });
    const first = await open(proxy, '/chat');
    const second = await open(proxy, '/chat');
    first.close(4001, 'bye');
    await once(first, 'close');
    second.send('close me');
    const [{ code, reason, wasClean }] = (await once(second, 'close')) as [CloseEvent];
    expect({ codes: codes[0], code, reason, wasClean }).toEqual({
      codes: [4001, 'bye'],
      code: 4002,
      reason: 'as you wish',
      wasClean: true,
    });
  });

  it('server refuses with its own status', async () => {
    const { proxy } = await serve(kind, { upgrade: () => ({ status: 401, message: 'log in first' }) });
    expect(await statusOf(proxy, '/chat')).toBe(401);
  });

  it('server takes pages of its own host, of either scheme, and refuses others', async () => {
    const { proxy } = await serve(kind, echo);
    await open(proxy, '/chat', { origin: `https://127.0.0.1:${proxy.port}` });
    // The price of TLS that ends at the proxy.
    await open(proxy, '/chat', { origin: `http://127.0.0.1:${proxy.port}` });
    expect(await statusOf(proxy, '/chat', { origin: 'https://example.com' })).toBe(403);
  });

  it('proxy chooses a server by path', async () => {
    const { proxy, serverPorts } = await serve(kind, echo);
    const feed = await startServer({ open: (socket) => socket.send('this is feed') });
    proxy.reload({ ...serverPorts, 8083: feed });
    // Until the new configuration is in use there is nobody at this path.
    await expect.poll(() => greeting(proxy, '/feed'), POLL).toBe('this is feed');
    expect(await statusOf(proxy, '/other')).toBe(404);
  });

  it('client that is pinged stays beyond the idle timeout of the proxy, and one that is not does not', async () => {
    const { proxy } = await serve(kind, { ...echo, pingIntervalMs: 400 });
    const pinged = await open(proxy, '/chat');
    const silent = await serve(kind, { ...echo, pingIntervalMs: 0 });
    for (let timeouts = 0; timeouts < 2; timeouts++) {
      const unpinged = await open(silent.proxy, '/chat');
      const [{ code }] = (await once(unpinged, 'close')) as [CloseEvent];
      expect(code).toBe(1006);
    }
    pinged.send('still here');
    expect(await nextMessage(pinged)).toBe('still here');
  });

  it('proxy keeps its connections when it is reloaded, and sends new ones to the new server', async () => {
    const { proxy, serverPorts } = await serve(kind, {
      ...echo,
      open: (socket) => socket.send('this is the old one'),
      pingIntervalMs: 400,
    });
    const socket = await open(proxy, '/chat');
    expect(await nextMessage(socket)).toBe('this is the old one');
    const successor = await startServer({ open: (newcomer) => newcomer.send('this is the new one') });
    proxy.reload({ ...serverPorts, 8081: successor, 8082: successor });
    await expect.poll(() => greeting(proxy, '/chat'), POLL).toBe('this is the new one');
    socket.send('still here');
    expect(await nextMessage(socket)).toBe('still here');
  });

  it('server and client see 1006 when the proxy is killed', async () => {
    const codes: number[] = [];
    const { proxy } = await serve(kind, { close: (_socket, code) => codes.push(code) });
    const socket = await open(proxy, '/chat');
    const closing = once(socket, 'close') as Promise<[CloseEvent]>;
    await proxy.stop();
    const [{ code, wasClean }] = await closing;
    expect({ code, wasClean }).toEqual({ code: 1006, wasClean: false });
    await expect.poll(() => codes, POLL).toEqual([1006]);
  });

  it('clients of a server that is restarted are served by the other one', async () => {
    const [first, second, feed] = [await freePort(), await freePort(), await freePort()];
    // Before the proxy, which would take them for down until it has checked twice.
    const servers = [await startProgram(kind, first), await startProgram(kind, second)] as const;
    const proxy = await startProxy(kind, { 8081: first, 8082: second, 8083: feed });
    const url = `wss://127.0.0.1:${proxy.port}/chat`;
    const visitors = [1, 2, 3, 4].map(() => start(RESTART_PAGE, 'visitor.mjs', [url, CERTIFICATE_FILE]));
    await expect.poll(() => serversOf(visitors), POLL).toEqual(new Set([first, second]));
    await servers[0].end('SIGTERM');
    await expect.poll(() => serversOf(visitors), POLL).toEqual(new Set([second]));
    await startProgram(kind, first);
    await servers[1].end('SIGTERM');
    await expect.poll(() => serversOf(visitors), POLL).toEqual(new Set([first]));
    for (const { lines } of visitors) expect(lines).toContain('1012 restarting');
  });
}

const echo = {
  message: (socket: ServerSocket, data: Buffer, isBinary: boolean) => socket.send(data, { binary: isBinary }),
};

/** Starts a server and a proxy before it; nobody is at `/feed`. */
async function serve(
  kind: ProxyKind,
  options: WebSocketServerOptions<undefined>,
): Promise<{ proxy: ProxyProcess; serverPorts: Record<string, string> }> {
  const port = await startServer(options);
  const serverPorts = { 8081: port, 8082: port, 8083: await freePort() };
  return { proxy: await startProxy(kind, serverPorts), serverPorts };
}

async function startServer(options: WebSocketServerOptions<undefined>): Promise<string> {
  const server = new WebSocketServer(options);
  const { port } = await server.listen({ host: '127.0.0.1' });
  cleanups.push(() => server.close({ timeoutMs: 0 }));
  return String(port);
}

async function startProxy(kind: ProxyKind, serverPorts: Record<string, string>): Promise<ProxyProcess> {
  const proxy = await ProxyProcess.start(kind, serverPorts);
  cleanups.push(() => proxy.stop());
  return proxy;
}

async function startProgram(kind: ProxyKind, port: string): Promise<PageProgram> {
  const program = start(kind.page, 'server.mjs', [port]);
  await program.printed(/^ready$/);
  return program;
}

function start(page: string, file: string, args: readonly string[]): PageProgram {
  const program = new PageProgram(page, file, args);
  cleanups.push(() => program.end('SIGKILL'));
  return program;
}

/** The ports on which they are served now, each as its last line says. */
function serversOf(visitors: readonly PageProgram[]): Set<string | undefined> {
  return new Set(visitors.map(({ lines }) => /is served on port (\d+)$/.exec(lines.at(-1) ?? '')?.[1]));
}

function connect(proxy: ProxyProcess, path: string, options: WebSocketClientOptions = {}): WebSocket {
  const socket = new WebSocket(`wss://127.0.0.1:${proxy.port}${path}`, [], { tls, ...options });
  socket.binaryType = 'arraybuffer';
  cleanups.push(async () => socket.terminate());
  return socket;
}

async function open(proxy: ProxyProcess, path: string, options?: WebSocketClientOptions): Promise<WebSocket> {
  const socket = connect(proxy, path, options);
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = ({ error }) => reject(error);
  });
  return socket;
}

/** Returns the HTTP status with which a handshake is refused. */
async function statusOf(proxy: ProxyProcess, path: string, options?: WebSocketClientOptions) {
  const socket = connect(proxy, path, options);
  return new Promise((resolve) => {
    socket.onopen = () => resolve(101);
    socket.onerror = ({ error }) => resolve('status' in error ? error.status : error);
  });
}

/** Returns the first message at a path, or nothing where there is none. */
async function greeting(proxy: ProxyProcess, path: string): Promise<unknown> {
  const socket = connect(proxy, path);
  return new Promise((resolve) => {
    socket.onmessage = ({ data }) => resolve(data);
    socket.onclose = () => resolve(undefined);
  });
}

async function nextMessage(socket: WebSocket): Promise<string | ArrayBuffer> {
  const [event] = (await once(socket, 'message')) as [MessageEvent];
  return event.data;
}

/** A text as it is; bytes as Latin-1, which compares faster than arrays do. */
function toComparable(message: string | ArrayBuffer | Buffer): unknown {
  return typeof message === 'string' ? message : { bytes: Buffer.from(message as Buffer).toString('latin1') };
}

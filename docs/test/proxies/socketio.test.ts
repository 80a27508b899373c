import { readFileSync } from 'node:fs';
import { io as connect, type ManagerOptions, type Socket, type SocketOptions } from '@hawser/client';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../free-port.ts';
import { PageProgram } from './page-program.ts';
import { PROXY_KINDS, type ProxyKind } from './proxy-kinds.ts';
import { CERTIFICATE_FILE, ProxyProcess } from './proxy-process.ts';

const PAGE = 'docs/how-to/socketio-behind-a-proxy.md';
/** For what takes a proxy a moment. */
const POLL = { timeout: 20_000 };
const ca = readFileSync(CERTIFICATE_FILE, 'utf8');

/** What a test started, to be ended behind it. */
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanups.splice(0).reverse()) await end();
});

for (const kind of PROXY_KINDS.map((known) => ({ ...known, page: PAGE }))) {
  const reason = kind.program === null ? ` (skipped: needs ${kind.name} on Linux)` : '';
  describe.skipIf(kind.program === null)(`Socket.IO behind ${kind.name}${reason}`, () => describeProxy(kind));
}

function describeProxy(kind: ProxyKind): void {
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    it(`client talks to one of two servers over ${transports.join(', then ')}`, async () => {
      const { url, ports } = await serve(kind);
      const socket = visit(url, { transports });
      const [address, port] = await nextEvent(socket, 'welcome');
      expect(address).toBe('127.0.0.1');
      expect(ports).toContain(String(port));
      for (const text of ['hellø', 'x'.repeat(200_000)]) {
        expect(await socket.timeout(POLL.timeout).emitWithAck('echo', text)).toBe(text);
      }
      const { engine } = socket.io;
      await expect.poll(() => engine.transport.name, POLL).toBe(transports.at(-1));
      expect(await socket.timeout(POLL.timeout).emitWithAck('echo', 'after that')).toBe('after that');
    });

    it(`client stays beyond the idle timeout of the proxy over ${transports.join(', then ')}`, async () => {
      const { url } = await serve(kind);
      const socket = visit(url, { transports, reconnection: false });
      await nextEvent(socket, 'welcome');
      const losses: unknown[] = [];
      socket.on('disconnect', (...args) => losses.push(args));
      // The proxy's timeout is 2 s here, the server's pings come each second.
      for (let pings = 0; pings < 4; pings++) await nextEvent(socket.io, 'ping');
      expect(losses).toEqual([]);
      expect(await socket.timeout(POLL.timeout).emitWithAck('echo', 'still here')).toBe('still here');
    });

    it(`client of a server that ends is served by the other one, over ${transports.join(', then ')}`, async () => {
      const { url, programs } = await serve(kind);
      const socket = visit(url, { transports, reconnectionDelay: 50, reconnectionDelayMax: 500 });
      const [, first] = await nextEvent(socket, 'welcome');
      const next = nextEvent(socket, 'welcome');
      await programs.get(String(first))!.end('SIGTERM');
      const [, second] = await next;
      expect(second).not.toBe(first);
      expect(await socket.timeout(POLL.timeout).emitWithAck('echo', 'here too')).toBe('here too');
    });
  }
}

async function serve(kind: ProxyKind) {
  const ports = [await freePort(), await freePort()] as const;
  const programs = new Map<string, PageProgram>();
  for (const port of ports) {
    // Pings each second: the proxy's idle timeouts are short here.
    const program = new PageProgram(PAGE, 'server.mjs', [port], (text) =>
      text.replace('new Server(http)', 'new Server(http, { pingInterval: 1000 })'),
    );
    cleanups.push(() => program.end('SIGKILL'));
    await program.printed(/^ready$/);
    programs.set(port, program);
  }
  const proxy = await ProxyProcess.start(kind, { 8081: ports[0], 8082: ports[1] });
  cleanups.push(() => proxy.stop());
  return { url: `https://127.0.0.1:${proxy.port}`, ports, programs };
}

/** The client's emitter is not Node's, which is what the type of `once` asks for. */
function nextEvent(
  emitter: Pick<Socket, 'once'> | Pick<Socket['io'], 'once'>,
  event: string,
): Promise<unknown[]> {
  return new Promise((resolve) =>
    (emitter as Pick<Socket, 'once'>).once(event, (...args: unknown[]) => resolve(args)),
  );
}

function visit(url: string, options: Partial<ManagerOptions & SocketOptions>): Socket {
  const socket = connect(url, { ca, forceNew: true, ...options });
  cleanups.push(async () => socket.disconnect());
  return socket;
}

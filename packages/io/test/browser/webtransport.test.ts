import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerOptions, Socket } from '@hawser/io';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../../../cli/test/browser/browser.ts';
import { serveWebTransport } from '../rig/http3-server.ts';
import { openPage } from '../rig/pages.ts';
import { type Rig, startServer } from '../rig/servers.ts';

const dist = join(require.resolve('socket.io-client'), '../../../dist');
const STOCK = `<script>${readFileSync(join(dist, 'socket.io.min.js'), 'utf8')}</script>`;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

interface OpenOptions {
  readonly transports?: readonly string[];
  readonly server?: Partial<ServerOptions>;
  /** What brings another client. */
  readonly head?: string | undefined;
  /** Runs in the page before its client connects. */
  readonly script?: string;
}

/** A server, and a page that is connected to it. */
interface Opened extends Rig {
  readonly page: Page;
  readonly socket: Socket;
}

/** Opens a page that connects over the first of `transports`, and may use them all. */
async function open(options: OpenOptions = {}): Promise<Opened> {
  const { transports = ['webtransport'], server, head, script = '' } = options;
  const rig = await startServer({ transports: ['polling', 'websocket', 'webtransport'], ...server });
  const hash = await serveWebTransport(rig.port, (session) => rig.io.engine.onWebTransportSession(session));
  // WebTransport is always secure; a session that moves to it goes to the same address.
  const scheme = transports[0] === 'webtransport' ? 'https' : 'http';
  const client = `
    window.socket = io('${scheme}://127.0.0.1:${rig.port}', {
      transports: ${JSON.stringify(transports)},
      reconnection: false,
      autoConnect: false,
      transportOptions: {
        webtransport: {
          serverCertificateHashes: [{ algorithm: 'sha-256', value: new Uint8Array([${hash}]) }],
        },
      },
    });
    window.gone = new Promise((resolve) => {
      socket.once('disconnect', (reason, details) => resolve([reason, details?.description]));
    });
    ${script};
    window.connected = new Promise((resolve, reject) => {
      socket.on('connect', resolve);
      socket.on('connect_error', ({ message, description }) => reject(message + ': ' + description));
    });
    socket.connect();
    connected`;
  const page = await openPage(browser, rig, client, head);
  return { ...rig, page, socket: await rig.sockets.next() };
}

/** Waits until the server has lost the socket, and returns why. */
function gone(socket: Socket): Promise<unknown[]> {
  return new Promise((resolve) => {
    socket.once('disconnect', (reason, description) => {
      resolve([reason, (description as Error | undefined)?.message]);
    });
  });
}

/** Waits for an event of the client, and returns its first argument. */
function heard(socket: Socket, event: string): Promise<unknown> {
  return new Promise((resolve) => socket.once(event, resolve));
}

describe.each([
  ['our client', undefined],
  ['a stock client', STOCK],
])('over WebTransport, %s', (_whose, head) => {
  it.each([
    ['text', `'tëxt'`, 'tëxt'],
    ['nothing', `''`, ''],
    ['much', `'x'.repeat(500_000)`, 'x'.repeat(500_000)],
  ])('sends %s and gets it back', async (_what, code, text) => {
    const { page, socket } = await open({ head });
    socket.on('echo', (data, answer) => answer(data));
    expect(socket.conn.transport.name).toBe('webtransport');
    expect(await page.evaluate(`socket.emitWithAck('echo', ${code})`)).toBe(text);
  });

  it.each([0, 3, 500_000])('sends %i bytes and gets them back', async (length) => {
    const { page, socket } = await open({ head });
    socket.on('echo', (data, answer) => answer(data.length, data));
    const echoed = await page.evaluate(`new Promise((resolve) => {
      socket.emit('echo', new Uint8Array(${length}).fill(7), (length, data) => {
        resolve([length, data.byteLength, new Uint8Array(data).every((byte) => byte === 7)]);
      });
    })`);
    expect(echoed).toEqual([length, length, true]);
  });

  it.each([[['polling', 'webtransport']], [['polling', 'websocket', 'webtransport']]])(
    'moves to it from %j, and events of both directions keep their order',
    async (transports) => {
      const script = `
      window.heard = [];
      socket.on('down', (n) => heard.push(n));
      socket.on('begin', () => {
        let n = 0;
        const timer = setInterval(() => socket.emit('up', n++), 1);
        setTimeout(() => {
          clearInterval(timer);
          socket.emit('last', n);
        }, 500);
      })`;
      const { page, socket } = await open({ head, transports, script });
      const up: number[] = [];
      socket.on('up', (n) => up.push(n));
      let sent = 0;
      const timer = setInterval(() => socket.emit('down', sent++), 1);
      socket.emit('begin');
      const count = await heard(socket, 'last');
      clearInterval(timer);
      expect(socket.conn.transport.name).toBe('webtransport');
      expect(up).toEqual([...Array(count).keys()]);
      socket.emit('down', sent++);
      await page.waitForFunction(`heard.length >= ${sent}`);
      expect(await page.evaluate('heard')).toEqual([...Array(sent).keys()]);
    },
  );

  it('lives for longer than its heartbeat', async () => {
    const { page, socket } = await open({ head, server: { pingInterval: 50, pingTimeout: 200 } });
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect([socket.connected, await page.evaluate('socket.connected')]).toEqual([true, true]);
  });

  it('hears what was sent right before the server ended the connection', async () => {
    const script = `window.last = new Promise((resolve) => socket.on('last', resolve))`;
    const { page, socket } = await open({ head, script });
    const atServer = gone(socket);
    socket.emit('last', 'x'.repeat(200_000));
    socket.conn.close();
    expect(await page.evaluate('last.then((text) => text.length)')).toBe(200_000);
    expect(await page.evaluate('gone.then(([reason]) => reason)')).toBe('transport close');
    expect(await atServer).toEqual(['forced close', undefined]);
  });

  it('is missed when its page was closed', async () => {
    const { page, socket } = await open({ head, server: { pingInterval: 50, pingTimeout: 200 } });
    const atServer = gone(socket);
    await page.close();
    // Chromium tells it at times, and at others is not heard of any more.
    expect((await atServer)[0]).toMatch(/^(transport close|ping timeout)$/);
  });
});

describe('over WebTransport, our client', () => {
  it('is heard to the end when it leaves', async () => {
    const { page, socket } = await open();
    const [last, atServer] = [heard(socket, 'last'), gone(socket)];
    await page.evaluate(`void socket.emit('last', 'x'.repeat(200_000)).io.engine.close()`);
    expect(await last).toHaveLength(200_000);
    expect((await atServer)[0]).toBe('transport close');
  });

  it('reads as the server does that a message was too large', async () => {
    const { page, socket } = await open({ server: { maxHttpBufferSize: 10_000 } });
    const atServer = gone(socket);
    await page.evaluate("void socket.emit('a', 'x'.repeat(20_000))");
    const reason = 'payload is over the limit of 10000 bytes';
    expect(await atServer).toEqual(['transport error', reason]);
    expect(await page.evaluate('gone')).toEqual(['transport error', `${reason} (1009)`]);
  });

  it('recovers its session', async () => {
    const script = `window.heard = []; socket.on('news', (n) => heard.push(n))`;
    const { page, socket, sockets, io } = await open({ server: { connectionStateRecovery: {} }, script });
    const atServer = gone(socket);
    await page.evaluate('void socket.io.engine.close()');
    await atServer;
    io.emit('news', 1);
    await page.evaluate(`new Promise((resolve) => socket.once('connect', resolve).connect())`);
    expect((await sockets.next()).recovered).toBe(true);
    io.emit('news', 2);
    await page.waitForFunction('heard.length === 2');
  });

  it('is told why it cannot connect', async () => {
    const failing = open({
      script: `socket.io.opts.transportOptions.webtransport.serverCertificateHashes[0].value[0] ^= 1`,
    });
    await expect(failing).rejects.toThrow(/webtransport error: WebTransportError: Opening handshake failed/);
  });
});

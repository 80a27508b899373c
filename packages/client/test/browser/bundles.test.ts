import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import type { Server, Socket as ServerSocket } from 'socket.io';
import * as msgpackParser from 'socket.io-msgpack-parser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer } from '../rig/servers.ts';
import { buildOnce, dist, launchChromium, openPage } from './page.ts';

const TIMEOUT_MS = 120_000;
const upstream = join(__dirname, '../../../../node_modules/socket.io-client/dist');
const NAMES = ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js'];

let browser: Browser;

beforeAll(async () => {
  buildOnce();
  browser = await launchChromium();
}, TIMEOUT_MS);

afterAll(() => browser.close());

describe.each(NAMES)('%s', (name) => {
  test("is smaller than upstream's, as it is and compressed", () => {
    const [mine, theirs] = [dist, upstream].map((folder) => readFileSync(join(folder, name)));
    expect(mine!.length).toBeLessThan(theirs!.length);
    const [myGzip, theirGzip] = [mine!, theirs!].map((bytes) => gzipSync(bytes, { level: 9 }).length);
    expect(myGzip).toBeLessThan(theirGzip!);
  });

  test('has the words of close reasons as they are', () => {
    expect(readFileSync(join(dist, name), 'utf8')).toContain('policy violation');
  });

  test('has a source map', () => {
    const { sources, mappings } = JSON.parse(readFileSync(join(dist, `${name}.map`), 'utf8'));
    expect(sources.length).toBeGreaterThan(10);
    expect(mappings).not.toBe('');
    expect(readFileSync(join(dist, name), 'utf8')).toContain(`//# sourceMappingURL=${name}.map`);
  });
});

test.each(NAMES.filter((name) => !name.includes('esm')))('%s is a CommonJS module too', (name) => {
  const io = require(join(dist, name));
  expect(typeof io).toBe('function');
  expect(io.io).toBe(io);
  expect(io.connect).toBe(io);
  expect([typeof io.Manager, typeof io.Socket]).toEqual(['function', 'function']);
});

function echo(io: Server): void {
  io.on('connection', (socket: ServerSocket) => {
    socket.on('ask', (...args: unknown[]) => (args.pop() as (...answer: unknown[]) => void)(...args));
  });
}

/** Run in a page: connects, sends what there is to send, and returns what came back. */
const ROUND = `async (io, url, transports) => {
  const socket = io(url, { transports, forceNew: true });
  await new Promise((resolve, reject) => { socket.on('connect', resolve); socket.on('connect_error', reject); });
  if (transports.length > 1 && socket.io.engine.transport.name === 'polling') {
    await new Promise((resolve) => socket.io.engine.once('upgrade', resolve));
  }
  const many = await Promise.all(Array.from({ length: 50 }, (_, i) => socket.emitWithAck('ask', i)));
  const answer = await new Promise((resolve) =>
    socket.emit('ask', 'ü😀', { bytes: Uint8Array.of(1, 2, 255) }, (text, { bytes }) =>
      resolve([text, bytes.constructor.name, ...new Uint8Array(bytes instanceof ArrayBuffer ? bytes : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))])));
  const blob = await new Promise((resolve) =>
    socket.emit('ask', new Blob([Uint8Array.of(7, 8)]), (bytes) => resolve([...new Uint8Array(bytes)])));
  const name = socket.io.engine.transport.name;
  const gone = new Promise((resolve) => socket.on('disconnect', resolve));
  socket.disconnect();
  return { answer, blob, name, reason: await gone, inOrder: many.every((value, i) => value === i) };
}`;

const TRANSPORTS = [['polling'], ['websocket'], ['polling', 'websocket']];

describe.each(['socket.io.js', 'socket.io.min.js'])('%s in a page of another origin', (name) => {
  test.each(TRANSPORTS.map((names) => [names]))('works from a script tag, over %s', async (transports) => {
    const { url } = await startServer({ cors: { origin: '*' } }, echo);
    const { page, errors } = await openPage(browser, `<script src="/${name}"></script>`);
    const result = await page.evaluate(`(${ROUND})(io, '${url}', ${JSON.stringify(transports)})`);
    expect(result).toEqual({
      answer: ['ü😀', 'ArrayBuffer', 1, 2, 255],
      blob: [7, 8],
      name: transports.at(-1),
      reason: 'io client disconnect',
      inOrder: true,
    });
    expect(errors).toEqual([]);
  });
});

test('socket.io.esm.min.js works as a module, over fetch too', async () => {
  const { url } = await startServer({ cors: { origin: '*' } }, echo);
  const { page, errors } = await openPage(browser, '<p>module</p>');
  const result = await page.evaluate(`(async () => {
    const module = await import('/socket.io.esm.min.js');
    const round = ${ROUND};
    const results = [await round(module.io, '${url}', ['polling', 'websocket'])];
    results.push(await round(module.default, '${url}', [module.Fetch]));
    return [results.map(({ name, inOrder }) => [name, inOrder]), Object.keys(module).sort()];
  })()`);
  expect(result).toEqual([
    [
      ['websocket', true],
      ['polling', true],
    ],
    [
      'Fetch',
      'Manager',
      'NodeWebSocket',
      'NodeXHR',
      'Socket',
      'SocketError',
      'WebSocket',
      'WebTransport',
      'XHR',
      'connect',
      'default',
      'io',
      'protocol',
    ],
  ]);
  expect(errors).toEqual([]);
});

test('headers are offered to the WebSocket, as React Native takes them, and one that a browser refuses is passed over', async () => {
  const { url } = await startServer({ cors: { origin: '*', allowedHeaders: ['x-token'] } }, echo);
  const { page, errors } = await openPage(browser, '<script src="/socket.io.min.js"></script>');
  const result = await page.evaluate(`(async () => {
    const given = [];
    const Native = WebSocket;
    WebSocket = function (uri, protocols, options) {
      given.push(options.headers);
      return new Native(uri, protocols);
    };
    const connect = (transports, extraHeaders) => new Promise((resolve, reject) => {
      const socket = io('${url}', { transports, extraHeaders, forceNew: true });
      socket.on('connect_error', reject).on('connect', () => {
        socket.disconnect();
        resolve(socket.io.engine.transport.name);
      });
    });
    const names = [
      await connect(['websocket'], { 'x-token': 'a' }),
      await connect(['polling'], { 'x-token': 'a', 'no header': 'b' }),
    ];
    return { names, given };
  })()`);
  expect(result).toEqual({ names: ['websocket', 'polling'], given: [{ 'x-token': 'a' }] });
  expect(errors).toEqual([]);
});

test('socket.io.msgpack.min.js speaks MessagePack', async () => {
  const { url } = await startServer(
    { cors: { origin: '*' }, parser: msgpackParser as never },
    (io: Server) => {
      io.on('connection', (socket: ServerSocket) => {
        socket.on('ask', (...args: unknown[]) => (args.pop() as (...answer: unknown[]) => void)(...args));
      });
    },
  );
  const { page } = await openPage(browser, '<script src="/socket.io.msgpack.min.js"></script>');
  const answer = await page.evaluate(`(async () => {
    const socket = io('${url}');
    return [await socket.emitWithAck('ask', { a: [1, 'ü', null] }), [...new Uint8Array(await socket.emitWithAck('ask', Uint8Array.of(1, 2).buffer))]];
  })()`);
  expect(answer).toEqual([{ a: [1, 'ü', null] }, [1, 2]]);
});

test('a page without a URL connects to its own host, and comes back after the server was away', async () => {
  const script = readFileSync(join(dist, 'socket.io.min.js'));
  const prepare = (io: Server) => {
    const { httpServer } = io as unknown as { httpServer: import('node:http').Server };
    const [handle] = httpServer.listeners('request');
    httpServer.removeAllListeners('request');
    httpServer.on('request', (request, response) => {
      if (request.url === '/')
        response.end('<!doctype html><link rel="icon" href="data:,"><script src="/client.js"></script>');
      else if (request.url === '/client.js') response.end(script);
      else (handle as (...args: unknown[]) => void)(request, response);
    });
    echo(io);
  };
  const rig = await startServer({ serveClient: false }, prepare);
  const page = await browser.newPage();
  await page.goto(rig.url);
  await page.evaluate(`new Promise((resolve) => {
    window.socket = io({ reconnectionDelay: 10, reconnectionDelayMax: 100 });
    socket.once('connect', resolve);
    window.away = new Promise((resolve) => socket.once('disconnect', resolve));
    window.back = away.then(() => new Promise((resolve) => socket.once('connect', () => resolve('back'))));
  })`);
  await rig.kill();
  expect(await page.evaluate('away')).toMatch(/^transport/);
  await startServer({ serveClient: false }, prepare, rig.port);
  expect(await page.evaluate('back')).toBe('back');
  await page.close();
});

test('the offline event ends the connection', async () => {
  const { url } = await startServer({ cors: { origin: '*' } }, echo);
  const { page } = await openPage(browser, '<script src="/socket.io.min.js"></script>');
  const result = await page.evaluate(`(async () => {
    const socket = io('${url}', { reconnection: false });
    await new Promise((resolve) => socket.on('connect', resolve));
    const gone = new Promise((resolve) => socket.on('disconnect', (...args) => resolve(args)));
    window.dispatchEvent(new Event('offline'));
    const [reason, details] = await gone;
    return [reason, details.description];
  })()`);
  expect(result).toEqual(['transport close', 'network connection lost']);
});

test.each([['polling'], ['websocket']])('binaryType blob hands out blobs, over %s', async (transport) => {
  const { url } = await startServer({ cors: { origin: '*' } }, (io) => {
    io.engine.on('connection', (session: { sendPacket(type: string, data: Buffer): void }) =>
      session.sendPacket('message', Buffer.from([1, 2, 255])),
    );
  });
  const { page, errors } = await openPage(browser, '<script src="/socket.io.min.js"></script>');
  const result = await page.evaluate(`(async () => {
    const manager = new io.Manager('${url}', { transports: ['${transport}'], reconnection: false });
    manager.engine.binaryType = 'blob';
    const data = await new Promise((resolve) => manager.engine.on('data', resolve));
    manager.disconnect();
    return [data instanceof Blob, ...new Uint8Array(await data.arrayBuffer())];
  })()`);
  expect(result).toEqual([true, 1, 2, 255]);
  expect(errors).toEqual([]);
});

/** Opens a page that is connected over `transport`, and waits for the server to know it. */
async function openConnected(transport: string, options: string) {
  const connections: ServerSocket[] = [];
  const { url } = await startServer({ cors: { origin: '*' } }, (io) => {
    io.on('connection', (socket: ServerSocket) => connections.push(socket));
  });
  const { page, errors } = await openPage(browser, '<script src="/socket.io.min.js"></script>');
  await page.evaluate(`new Promise((resolve) => {
    window.events = [];
    window.socket = io('${url}', { transports: ['${transport}'], reconnection: false, ${options} });
    socket.on('disconnect', (reason) => events.push(reason));
    socket.on('connect', resolve);
  })`);
  return { page, errors, server: connections[0]! };
}

test.each([['polling'], ['websocket']])(
  'with closeOnBeforeunload the session ends when the page is about to be left, and the page is not told, over %s',
  async (transport) => {
    const { page, server } = await openConnected(transport, 'closeOnBeforeunload: true');
    const gone = new Promise((resolve) => server.on('disconnect', resolve));
    await page.evaluate(`window.dispatchEvent(new Event('beforeunload'))`);
    expect(await gone).toMatch(/^transport close$/);
    expect(await page.evaluate('events')).toEqual([]);
  },
);

test('without closeOnBeforeunload the session outlives the event', async () => {
  const { page, server } = await openConnected('websocket', '');
  await page.evaluate(`window.dispatchEvent(new Event('beforeunload'))`);
  const answered = new Promise((resolve) => server.on('still here', resolve));
  await page.evaluate(`void socket.emit('still here')`);
  await answered;
  expect(server.connected).toBe(true);
});

test('a poll under way is given up without an error when the page is hidden for good', async () => {
  const { page, errors } = await openConnected('polling', '');
  // The poll that waits is aborted.
  const result = await page.evaluate(`(() => {
    const aborted = [];
    const { abort } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.abort = function () {
      aborted.push(this.readyState < 4);
      abort.call(this);
    };
    window.dispatchEvent(new Event('pagehide'));
    return [aborted, events, socket.connected];
  })()`);
  expect(result).toEqual([[true], [], true]);
  expect(errors).toEqual([]);
});

test('a page that is left ends its session at once, with WebSocket', async () => {
  const { page, server } = await openConnected('websocket', '');
  const gone = new Promise((resolve) => server.on('disconnect', resolve));
  await page.goto('about:blank');
  expect(await gone).toBe('transport close');
});

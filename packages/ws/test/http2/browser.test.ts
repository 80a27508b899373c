import type { Http2ServerRequest } from 'node:http2';
import type { ServerSocket, WebSocketServerOptions } from '@hawser/ws';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../rig/browser.ts';
import { recordCloses } from '../rig/closes.ts';
import { startH2 } from '../rig/http2-servers.ts';
import { Queue } from '../rig/queue.ts';
import { makeServer } from '../rig/servers.ts';

const TIMEOUT_MS = 30_000;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
}, TIMEOUT_MS);

afterAll(() => browser.close());

/** Opens a page of an HTTP/2 server with a WebSocket server on `/socket`. */
async function openPage(options: WebSocketServerOptions<undefined> = {}) {
  const { closes, close } = recordCloses();
  const [opened, methods] = [new Queue<ServerSocket>(), new Queue<string>()];
  const server = makeServer({
    open: (socket) => opened.push(socket),
    message: (socket, data, binary) => void socket.send(data, { binary }),
    close,
    ...options,
    upgrade: (request) => {
      methods.push(request.method);
      return options.upgrade?.(request);
    },
  });
  const versions = new Set<string>();
  const connections: unknown[] = [];
  const { port, sessions } = await startH2({ allowHTTP1: true }, (http) => {
    http.on('secureConnection', (socket) => connections.push(socket));
    http.on('request', (request: Http2ServerRequest, response) => {
      versions.add(request.httpVersion);
      response.setHeader('Content-Type', 'text/html');
      response.end('<!doctype html><title>page</title>');
    });
    server.attach(http, { path: '/socket' });
  });
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`https://127.0.0.1:${port}/`);
  expect([...versions]).toEqual(['2.0']);
  return { page, context, server, sessions, connections, opened, methods, closes };
}

/** In the page: opens `count` sockets to `path` as `sockets`. */
const openSockets = (count: number, path = '/socket', protocols = '[]') => `
  globalThis.sockets = Array.from({ length: ${count} }, () =>
    new WebSocket('wss://' + location.host + '${path}', ${protocols}));
  Promise.all(sockets.map((socket) => new Promise((resolve) => {
    socket.onopen = () => resolve('open');
    socket.onclose = ({ code }) => resolve('closed with ' + code);
  })))`;

describe('Chromium over HTTP/2', { timeout: TIMEOUT_MS }, () => {
  test('several sockets of a page share its one connection, and messages cross', async () => {
    const { page, sessions, connections, methods, server } = await openPage();
    expect(await page.evaluate(openSockets(4))).toEqual(['open', 'open', 'open', 'open']);
    expect(await methods.take(4)).toEqual(Array(4).fill('CONNECT'));
    expect(server.connectionCount).toBe(4);
    expect([sessions.length, connections.length]).toEqual([1, 1]);
    const echoes = await page.evaluate(`Promise.all(sockets.map((socket, i) => new Promise((resolve) => {
      socket.onmessage = ({ data }) => resolve(data);
      socket.send('message ' + i);
    })))`);
    expect(echoes).toEqual(['message 0', 'message 1', 'message 2', 'message 3']);
    const size = await page.evaluate(`new Promise((resolve) => {
      sockets[0].binaryType = 'arraybuffer';
      sockets[0].onmessage = ({ data }) => resolve(data.byteLength);
      sockets[0].send(new Uint8Array(900_000));
    })`);
    expect(size).toBe(900_000);
  });

  test('close codes arrive on both sides', async () => {
    const { page, opened, closes } = await openPage();
    await page.evaluate(openSockets(2));
    await page.evaluate(`void (globalThis.closing = Promise.all(sockets.map((socket) => new Promise((resolve) => {
      socket.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean });
    }))))`);
    const [first, second] = await opened.take(2);
    first!.close(4001, 'from the server');
    second!.close(4001, 'from the server');
    const theirs = { code: 4001, reason: 'from the server', wasClean: true };
    expect(await page.evaluate('closing')).toEqual([theirs, theirs]);
    expect(await closes.take(2)).toMatchObject([{ code: 4001 }, { code: 4001 }]);

    await page.evaluate(openSockets(1));
    const ours = await page.evaluate(`new Promise((resolve) => {
      sockets[0].onclose = ({ code, wasClean }) => resolve({ code, wasClean });
      sockets[0].close(3000, 'from the page');
    })`);
    expect(ours).toMatchObject({ code: 3000, wasClean: true });
    expect(await closes.next()).toEqual({ code: 3000, reason: 'from the page' });
  });

  test('a violation and a cut end one socket, and the others go on', async () => {
    const { page, server, sessions, closes } = await openPage({ maxMessageBytes: 1_000 });
    await page.evaluate(openSockets(3));
    const code = await page.evaluate(`new Promise((resolve) => {
      sockets[0].onclose = ({ code }) => resolve(code);
      sockets[0].send('x'.repeat(1_001));
    })`);
    expect(code).toBe(1009);
    expect(await closes.next()).toMatchObject({ code: 1009 });
    await page.evaluate(`void (globalThis.cut = Promise.race(sockets.slice(1).map((socket) =>
      new Promise((resolve) => { socket.onclose = ({ code }) => resolve(code); }))))`);
    [...server.connections][0]!.terminate();
    expect(await page.evaluate('cut')).toBe(1006);
    const alive = page.evaluate(`new Promise((resolve) => {
      const alive = sockets.find(({ readyState }) => readyState === WebSocket.OPEN);
      alive.onmessage = ({ data }) => resolve(data);
      alive.send('still here');
    })`);
    expect(await alive).toBe('still here');
    expect(sessions).toHaveLength(1);
    expect(sessions[0]!.destroyed).toBe(false);
  });

  test('a page gets its subprotocol and compression, and refusals end with 1006', async () => {
    const { page, sessions } = await openPage({
      compression: { thresholdBytes: 0 },
      upgrade: ({ protocols, url }) =>
        url.endsWith('?no') ? { status: 403, message: 'no' } : { protocol: protocols[1]! },
    });
    await page.evaluate(openSockets(1, '/socket', "['a', 'b']"));
    expect(await page.evaluate('[sockets[0].protocol, sockets[0].extensions.split(";")[0]]')).toEqual([
      'b',
      'permessage-deflate',
    ]);
    expect(await page.evaluate(openSockets(2, '/socket?no'))).toEqual([
      'closed with 1006',
      'closed with 1006',
    ]);
    expect(await page.evaluate(openSockets(1, '/elsewhere'))).toEqual(['closed with 1006']);
    expect(sessions).toHaveLength(1);
  });

  test('leaving the page ends its sockets', async () => {
    const { page, closes, server } = await openPage();
    await page.evaluate(openSockets(2));
    await page.close();
    for (const { code } of await closes.take(2)) expect([1001, 1006]).toContain(code);
    expect(server.connectionCount).toBe(0);
  });
});

/**
 * The server in an app of uWebSockets.js, by `attachApp`: polling, WebSocket and the upgrade, files of the client, CORS,
 * refusals, limits, backpressure, and how connections end. The package is a copy of the original, which is not on the
 * registry; on platforms for which it has no binary this says so, and ends.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect as connectTcp } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server } from 'socket.io';
import { io as connect } from 'socket.io-client';

const ORIGIN = 'http://elsewhere.example';
const LIMIT = 100_000;
const { version } = createRequire(import.meta.url)('socket.io/package.json');

const uws = await import('uwebsockets').then(
  ({ default: module }) => module,
  (error) => {
    console.log(`  uwebsockets has no binary for this platform: ${error.message.split('\n')[0]}`);
    process.exit(0);
  },
);

const io = new Server({
  cors: { origin: ORIGIN },
  maxHttpBufferSize: LIMIT,
  maxBufferedBytes: 2_000_000,
  pingInterval: 200,
  pingTimeout: 500,
  allowRequest: ({ headers }, decide) => decide(null, headers['x-denied'] === undefined),
});
const sockets = [];
io.on('connection', (socket) => {
  sockets.push(socket);
  socket.join('all');
  socket.on('echo', (...args) => args.pop()(...args));
  socket.on('leave', () => socket.disconnect(true));
});

const app = uws.App();
app.get('/hello', (response) => response.end('hello from the app'));
io.attachApp(app, { compression: uws.SHARED_COMPRESSOR });
const port = await new Promise((resolve) => {
  app.listen('127.0.0.1', 0, (token) => resolve(uws.us_socket_local_port(token)));
});
const url = `http://127.0.0.1:${port}`;

await checkHttp();
await checkOddRequests();
for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']])
  await checkTraffic(transports);
await checkEndings();
await checkMiddlewares();
await checkSlowReader();
await new Promise((resolve) => io.close(resolve));
await assert.rejects(open(['websocket']), /websocket error/);
// The app goes on.
assert.equal((await fetch(`${url}/hello`)).status, 200);
process.exit(0);

/** Opens a client, and returns it with the server's socket. */
async function open(transports, options = {}) {
  const client = connect(url, { transports, forceNew: true, reconnection: false, timeout: 5000, ...options });
  await new Promise((resolve, reject) => {
    client.once('connect', resolve);
    client.once('connect_error', reject);
  });
  const socket = sockets.find(({ id }) => id === client.id);
  // The server hears of it last.
  if (socket.conn.transport.name !== transports.at(-1)) await once(socket.conn, 'upgrade');
  return { client, socket };
}

async function checkHttp() {
  assert.equal(await (await fetch(`${url}/hello`)).text(), 'hello from the app');
  const ask = (path, headers = {}, method = 'GET') =>
    fetch(`${url}/socket.io/${path}`, { method, headers: { origin: ORIGIN, ...headers } });
  const opened = await ask('?EIO=4&transport=polling');
  assert.equal(opened.headers.get('access-control-allow-origin'), ORIGIN);
  assert.equal(opened.headers.get('content-type'), 'text/plain; charset=UTF-8');
  assert.match(await opened.text(), /^0\{"sid":"/);
  const preflight = await ask(
    '?EIO=4&transport=polling',
    { 'access-control-request-method': 'POST' },
    'OPTIONS',
  );
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, ORIGIN]);
  for (const [path, headers, status, body] of [
    ['?EIO=4&transport=pigeon', {}, 400, { code: 0, message: 'Transport unknown' }],
    ['?EIO=4&transport=polling&sid=nobody', {}, 400, { code: 1, message: 'Session ID unknown' }],
    ['?EIO=4&transport=polling', { 'x-denied': '1' }, 403, { code: 4, message: 'Forbidden' }],
  ]) {
    const response = await ask(path, headers);
    assert.deepEqual([response.status, await response.json()], [status, body]);
  }
  const script = await ask('socket.io.min.js', { 'accept-encoding': 'identity' });
  assert.equal(script.status, 200);
  assert.match(await script.text(), /Hawser/);
  assert.equal((await ask('socket.io.min.js', { 'if-none-match': script.headers.get('etag') })).status, 304);
  assert.equal((await ask('nothing.js')).status, 404);
  const denied = open(['websocket'], { extraHeaders: { 'x-denied': '1' } });
  await assert.rejects(denied, ({ description }) => /400/.test(description.message));
}

/** Requests that a client of no library sends. */
async function checkOddRequests() {
  const head = (line, more = '') => `${line} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
  const path = '/socket.io/?EIO=4&transport=polling';
  const opened = await (await fetch(`${url}${path}`)).text();
  const { sid } = JSON.parse(opened.slice(1));
  // The body comes when the request was refused already: the app does not stand a touch of it any more.
  const late = connectTcp(port, '127.0.0.1');
  late.write(head(`POST ${path}&sid=nobody`, 'Content-Length: 100000\r\n'));
  const [refusal] = await once(late, 'data');
  assert.match(String(refusal), /^HTTP\/1\.1 400 /);
  const cut = new Promise((resolve) => late.once('close', resolve).on('error', () => {}));
  while (!late.destroyed && late.writable) {
    late.write('x'.repeat(10_000));
    await sleep(5);
  }
  await cut;
  late.destroy();
  for (const [line, lines, expected] of [
    [`HEAD ${path}`, '', /^HTTP\/1\.1 400 .*\r\n\r\n$/s],
    ['GET /socket.io/socket.io.min.js', `If-None-Match: "${version}"\r\n`, /^HTTP\/1\.1 304 .*\r\n\r\n$/s],
    [`PUT ${path}&sid=nobody`, '', /^HTTP\/1\.1 400 /],
    [`DELETE ${path}&sid=${sid}`, '', /^HTTP\/1\.1 500 .*\r\ncontent-length: 0\r\n/is],
  ]) {
    const socket = connectTcp(port, '127.0.0.1');
    socket.write(head(line, lines));
    const answer = String((await once(socket, 'data'))[0]);
    assert.match(answer, expected);
    assert.doesNotMatch(answer, /content-length: \d{10}/i);
    socket.destroy();
  }
}

/** Middlewares hear how a request ends as they do with Node's server. */
async function checkMiddlewares() {
  const told = [];
  io.engine.use((request, response, next) => {
    const { transport } = request._query;
    request.on('aborted', () => told.push(`${transport} aborted`));
    response.on('close', () => told.push(`${transport} closed`));
    if (request.headers['x-stream']) Readable.from(Array(50).fill('x'.repeat(20_000))).pipe(response);
    else if (request.headers['x-late']) setTimeout(() => response.writeHead(401).end(), 50);
    else setImmediate(next);
  });
  const { client, socket } = await open(['polling', 'websocket']);
  const gone = once(socket, 'disconnect');
  client.disconnect();
  await gone;
  await sleep(100);
  assert.equal(told.includes('polling aborted'), false);
  assert.equal(told.filter((line) => line === 'websocket closed').length, 1);
  const body = 'x'.repeat(LIMIT);
  const response = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, {
    method: 'POST',
    body,
    headers: { 'x-late': '1' },
  });
  assert.equal(response.status, 401);
  const streamed = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers: { 'x-stream': '1' } });
  assert.equal((await streamed.text()).length, 1_000_000);
  // Connections that a middleware lets in after a turn: what the app does with some of them must not close any.
  for (let n = 0; n < 20; n++) (await open(['websocket'])).client.disconnect();
  const { client: other, socket: ended } = await open(['websocket']);
  const ending = once(ended, 'disconnect');
  ended.conn.close();
  assert.equal((await ending)[0], 'forced close');
  other.disconnect();
}

async function checkTraffic(transports) {
  const { client, socket } = await open(transports);
  assert.equal(socket.conn.transport.name, transports.at(-1));
  assert.equal(socket.handshake.address, '127.0.0.1');
  assert.match(socket.handshake.url, /^\/socket\.io\/\?EIO=4&transport=/);
  assert.equal(socket.handshake.headers.host, `127.0.0.1:${port}`);
  assert.equal(await client.emitWithAck('echo', 'hellø'), 'hellø');
  assert.deepEqual(await client.emitWithAck('echo', Buffer.from([1, 2, 3])), Buffer.from([1, 2, 3]));
  const much = 'x'.repeat(LIMIT - 100);
  assert.equal(await client.emitWithAck('echo', much), much);
  const heard = [];
  client.on('news', (n) => heard.push(n));
  for (let n = 0; n < 1000; n++)
    io.to('all')
      .compress(n % 2 === 0)
      .emit('news', n);
  await client.emitWithAck('echo', 'after that');
  assert.deepEqual(heard, [...Array(1000).keys()]);
  // Longer than silence may last.
  await sleep(1000);
  assert.equal(client.connected, true);
  client.disconnect();
  assert.deepEqual(await once(socket, 'disconnect'), ['client namespace disconnect', undefined]);
}

async function checkEndings() {
  for (const [transport, told] of [
    ['websocket', `message is over the limit of ${LIMIT} bytes (1009)`],
    ['polling', 413],
  ]) {
    const { client, socket } = await open([transport]);
    const ends = Promise.all([once(client, 'disconnect'), once(socket, 'disconnect')]);
    client.emit('echo', 'x'.repeat(LIMIT + 1), () => {});
    const [[clientReason, { description }], [reason, error]] = await ends;
    assert.deepEqual([clientReason, description.message ?? description], ['transport error', told]);
    assert.deepEqual([reason, error.limit], ['transport error', LIMIT]);
  }
  const far = await open(['websocket']);
  far.client.emit('echo', 'x'.repeat(LIMIT * 10), () => {});
  assert.equal((await once(far.socket, 'disconnect'))[1].code, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
  const { client } = await open(['websocket']);
  const gone = once(client, 'disconnect');
  client.emit('leave');
  assert.equal((await gone)[0], 'io server disconnect');
  const lost = await open(['websocket']);
  const loss = once(lost.socket, 'disconnect');
  lost.client.io.engine.transport.ws.terminate();
  assert.equal((await loss)[0], 'transport close');
  assert.equal(io.engine.clientsCount, 0);
}

/** What a client does not read waits in the session, under its bound. */
async function checkSlowReader() {
  const raw = connectTcp(port, '127.0.0.1');
  const connected = new Promise((resolve) => io.once('connection', resolve));
  raw.write(
    `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`,
  );
  await once(raw, 'data');
  // `40`, masked with zeros.
  raw.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30]));
  const socket = await connected;
  raw.pause();
  const gone = once(socket, 'disconnect');
  const text = 'x'.repeat(50_000);
  let sent = 0;
  while (socket.connected && sent < 5000) {
    socket.emit('news', text);
    if (++sent % 10 === 0) await sleep(1);
    assert.ok(socket.bufferedBytes < 3_000_000, `${socket.bufferedBytes} bytes wait`);
  }
  const [reason, { message }] = await gone;
  assert.deepEqual(
    [reason, message],
    ['transport error', 'slow consumer: over 2000000 bytes would wait to be sent'],
  );
  raw.destroy();
}

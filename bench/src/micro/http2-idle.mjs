/**
 * What an idle WebSocket connection costs the server over HTTP/1.1 and over HTTP/2, where many share a session:
 * `npm run build && node bench/src/micro/http2-idle.mjs [connections] [sessions]`
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createHttp2Server, createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { WebSocket, WebSocketServer } from '@hawser/ws';

const BASE_CONNECTIONS = 200;
const TLS = { rejectUnauthorized: false };
const COLLECTIONS = 3;
const SETTLE_MS = 100;

const onRequest = (_request, response) => response.end();
const SERVERS = {
  'HTTP/1.1': () => createServer(onRequest),
  'HTTP/2': () => createHttp2Server(),
  'HTTP/2, with a request listener': () => createHttp2Server(onRequest),
  'HTTP/1.1 over TLS': () => createHttpsServer(readCertificate(), onRequest),
  'HTTP/2 over TLS': () => createSecureServer(readCertificate()),
};

function readCertificate() {
  const read = (name) =>
    readFileSync(new URL(`../../../packages/ws/test/fixtures/localhost.${name}.pem`, import.meta.url));
  return { cert: read('cert'), key: read('key') };
}

async function usage() {
  for (let collection = 0; collection < COLLECTIONS; collection++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heapUsed };
}

/** Serves one kind of server, and answers its parent with its port, and then with its memory whenever asked. */
async function serve(name) {
  const http = SERVERS[name]();
  new WebSocketServer({ pingIntervalMs: 0 }).attach(http);
  await once(http.listen(0, '127.0.0.1'), 'listening');
  process.on('message', async () => process.send(await usage()));
  process.send(http.address().port);
}

async function open(url, count, sessions) {
  for (let i = 0; i < count; i++) {
    const http2 = sessions[i % sessions.length] ?? false;
    await once(new WebSocket(url, [], { http2, tls: TLS, compression: false }), 'open');
  }
}

async function measure(name, connections, sessionCount) {
  const child = fork(import.meta.filename, ['serve', name], { execArgv: ['--expose-gc'] });
  const [port] = await once(child, 'message');
  const ask = async () => {
    child.send('usage');
    return (await once(child, 'message'))[0];
  };
  const isSecure = name.endsWith('TLS');
  const origin = `${isSecure ? 'https' : 'http'}://127.0.0.1:${port}`;
  const isOverHttp2 = name.startsWith('HTTP/2');
  const sessions = Array.from({ length: isOverHttp2 ? sessionCount : 0 }, () => connect(origin, TLS));
  for (const session of sessions) session.on('error', () => {});
  const url = origin.replace('http', 'ws');
  await open(url, BASE_CONNECTIONS, sessions);
  const before = await ask();
  await open(url, connections, sessions);
  const after = await ask();
  child.kill();
  const each = (key) => Math.round((after[key] - before[key]) / connections);
  console.log(`${name.padEnd(34)}${String(each('rss')).padStart(8)}${String(each('heapUsed')).padStart(8)}`);
}

if (process.argv[2] === 'serve') {
  await serve(process.argv[3]);
} else {
  const connections = Number(process.argv[2] ?? 2000);
  const sessions = Number(process.argv[3] ?? 4);
  console.log(
    `bytes of the server for each of ${connections} idle connections, HTTP/2 over ${sessions} sessions`,
  );
  console.log(`${''.padEnd(34)}${'resident'.padStart(8)}${'heap'.padStart(8)}`);
  for (const name of Object.keys(SERVERS)) await measure(name, connections, sessions);
  process.exit();
}

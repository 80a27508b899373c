/**
 * A page in jsdom loads the client from the server, and a program requires the client of bundlers in jsdom's globals,
 * as test runners have it: over polling, over WebSocket, and from one to the other, with text, bytes and a blob.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { JSDOM } from 'jsdom';
import { Server } from 'socket.io';

const CLIENTS = [['polling'], ['websocket'], ['polling', 'websocket']];

const require = createRequire(import.meta.url);
const http = createServer();
const server = new Server(http);
server.on('connection', (socket) => {
  socket.on('ask', (...args) => args.pop()(...args));
});
http.listen(0, '127.0.0.1');
await once(http, 'listening');
const url = `http://127.0.0.1:${http.address().port}/`;

const page = new JSDOM(`<script src="${url}socket.io/socket.io.js"></script>`, {
  url,
  runScripts: 'dangerously',
  resources: 'usable',
});
await once(page.window, 'load');
for (const transports of CLIENTS) await talk(page.window, page.window.io, transports);

const laidOver = new JSDOM('', { url, runScripts: 'outside-only' });
const file = require.resolve('socket.io-client/package.json').replace('package.json', 'dist/browser.js');
const module = laidOver.window.eval('({ exports: {} })');
laidOver.window.eval(`(module) => {${readFileSync(file, 'utf8')}\n}`)(module);
for (const transports of CLIENTS) await talk(laidOver.window, module.exports, transports);

page.window.close();
laidOver.window.close();
await server.close();

async function talk(window, io, transports) {
  const socket = io(url, { transports, forceNew: true });
  await once(socket, 'connect');
  const { engine } = socket.io;
  if (engine.transport.name !== transports.at(-1)) await once(engine, 'upgrade');
  const ask = (...args) =>
    new Promise((resolve) => socket.emit('ask', ...args, (...answer) => resolve(answer)));
  const many = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(`ü😀${i}`)));
  assert.deepEqual(
    many,
    Array.from({ length: 20 }, (_, i) => [`ü😀${i}`]),
  );
  const [bytes, blob] = await ask(
    window.Uint8Array.of(1, 2, 255),
    new window.Blob([window.Uint8Array.of(7, 8)]),
  );
  assert.deepEqual([...new Uint8Array(bytes)], [1, 2, 255]);
  assert.deepEqual([...new Uint8Array(blob)], [7, 8]);
  socket.disconnect();
}

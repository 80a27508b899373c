import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import WebSocket, { WebSocketServer } from 'ws';

const require = createRequire(import.meta.url);
// All of them from one kind of module: two copies of yjs do not know each other.
const Y = require('yjs');
const { WebsocketProvider } = require('y-websocket');
const { setupWSConnection } = require('y-websocket/bin/utils');

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
server.on('connection', setupWSConnection);
await once(server, 'listening');
const url = `ws://127.0.0.1:${server.address().port}`;

const providers = [1, 2].map(
  () => new WebsocketProvider(url, 'room', new Y.Doc(), { WebSocketPolyfill: WebSocket, disableBc: true }),
);
await Promise.all(providers.map((provider) => new Promise((resolve) => provider.once('sync', resolve))));
const [writer, reader] = providers;
const arrived = new Promise((resolve) => reader.doc.once('update', resolve));
writer.doc.getText('text').insert(0, 'shared');
await arrived;
assert.equal(reader.doc.getText('text').toString(), 'shared');
for (const provider of providers) provider.destroy();
for (const client of server.clients) client.terminate();
server.close();
// The documents of the server stay, each with a timer.
process.exit();

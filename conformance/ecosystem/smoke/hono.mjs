import assert from 'node:assert/strict';
import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { createNodeWebSocket } from '@hono/node-ws';
import { Hono } from 'hono';
import WebSocket from 'ws';

const app = new Hono();
const { injectWebSocket, upgradeWebSocket, wss } = createNodeWebSocket({ app });
app.get(
  '/echo',
  upgradeWebSocket(() => ({
    onOpen: (_event, socket) => socket.send('welcome'),
    onMessage: ({ data }, socket) => socket.send(data),
  })),
);
const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
injectWebSocket(server);
await once(server, 'listening');

const client = new WebSocket(`ws://127.0.0.1:${server.address().port}/echo`);
assert.equal((await once(client, 'message'))[0].toString(), 'welcome');
client.send('hello');
assert.equal((await once(client, 'message'))[0].toString(), 'hello');
client.send(Buffer.from([1, 2]));
assert.deepEqual((await once(client, 'message'))[0], Buffer.from([1, 2]));
client.close();
await once(client, 'close');
wss.close();
server.close();

import assert from 'node:assert/strict';
import { once } from 'node:events';
import ReconnectingWebSocket from 'reconnecting-websocket';
import WebSocket, { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
let connections = 0;
server.on('connection', (socket) => {
  connections++;
  socket.on('message', (data) =>
    connections === 1 ? socket.close(1012, 'restart') : socket.send(`${data}!`),
  );
});
await once(server, 'listening');

const client = new ReconnectingWebSocket(`ws://127.0.0.1:${server.address().port}`, [], {
  WebSocket,
  minReconnectionDelay: 1,
  maxReconnectionDelay: 10,
});
client.addEventListener('open', () => client.send('hello'));
const data = await new Promise((resolve) =>
  client.addEventListener('message', (event) => resolve(event.data)),
);
assert.deepEqual([data, connections], ['hello!', 2]);
client.close();
server.close();

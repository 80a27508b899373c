import assert from 'node:assert/strict';
import { once } from 'node:events';
import WebSocket from 'isomorphic-ws';

const server = new WebSocket.Server({ port: 0, host: '127.0.0.1' });
server.on('connection', (socket) => {
  socket.onmessage = ({ data }) => socket.send(data);
});
await once(server, 'listening');
const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
client.onopen = () => client.send('hello');
const data = await new Promise((resolve) => {
  client.onmessage = (event) => resolve(event.data);
});
assert.equal(data, 'hello');
client.close();
await once(client, 'close');
server.close();

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { listen } from './servers.mjs';

const http = createServer();
const server = new Server(http);
server.on('connection', (socket) => {
  socket.join('room');
  socket.on('echo', (...args) => args.pop()(...args));
  socket.on('tell', (...args) => server.to('room').emit('told', ...args));
});
const port = await listen(http);

const clients = [];
for (const transports of [['websocket'], ['polling', 'websocket']]) {
  const client = io(`http://127.0.0.1:${port}`, { transports });
  await once(client, 'connect');
  // It may have upgraded by now.
  if (client.io.engine.transport.name !== 'websocket') await once(client.io.engine, 'upgrade');
  assert.equal(client.io.engine.transport.name, 'websocket');
  const [text, bytes] = await new Promise((resolve) =>
    client.emit('echo', 'text', Buffer.from('bytes'), (...args) => resolve(args)),
  );
  assert.deepEqual([text, Buffer.from(bytes).toString()], ['text', 'bytes']);
  clients.push(client);
}
// A broadcast is framed once, with the Sender of ws, and handed to all.
const told = clients.map((client) => once(client, 'told'));
clients[0].emit('tell', 'all', { deep: [Buffer.from('x')] });
for (const [word, { deep }] of await Promise.all(told)) {
  assert.deepEqual([word, deep[0].toString()], ['all', 'x']);
}
const plain = clients.map((client) => once(client, 'told'));
clients[0].emit('tell', 'text only');
for (const [word] of await Promise.all(plain)) assert.equal(word, 'text only');
for (const client of clients) client.disconnect();
const closed = server.close();
http.closeAllConnections();
await closed;

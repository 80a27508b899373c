import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import proxy from '@fastify/http-proxy';
import Fastify from 'fastify';
import WebSocket, { WebSocketServer } from 'ws';
import { listen } from './servers.mjs';

const http = createServer();
const origin = new WebSocketServer({ server: http });
origin.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('ping', (data) => socket.send(`pinged with ${data}`));
});
const fastify = Fastify();
fastify.register(proxy, { upstream: `http://127.0.0.1:${await listen(http)}`, websocket: true });
await fastify.listen({ port: 0, host: '127.0.0.1' });
const url = `ws://127.0.0.1:${fastify.server.address().port}/any`;

for (const closing of ['client', 'origin']) {
  const accepted = once(origin, 'connection');
  const client = new WebSocket(url, ['first', 'second']);
  const [[peer]] = await Promise.all([accepted, once(client, 'open')]);
  assert.deepEqual([client.protocol, peer.protocol], ['first', 'first']);
  for (const sent of ['text', Buffer.alloc(200_000, 7)]) {
    const received = once(client, 'message');
    client.send(sent);
    const [data, isBinary] = await received;
    assert.deepEqual([data, isBinary], [Buffer.from(sent), typeof sent !== 'string']);
  }
  const answered = once(client, 'message');
  client.ping('a');
  assert.equal(String((await answered)[0]), 'pinged with a');
  const [near, far] = closing === 'client' ? [client, peer] : [peer, client];
  const closes = Promise.all([once(near, 'close'), once(far, 'close')]);
  near.close(4005, 'done');
  for (const [code, reason] of await closes) assert.deepEqual([code, String(reason)], [4005, 'done']);
}
assert.equal(origin.clients.size, 0);
await fastify.close();
http.close();

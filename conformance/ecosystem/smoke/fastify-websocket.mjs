import assert from 'node:assert/strict';
import websocket from '@fastify/websocket';
import Fastify from 'fastify';

const fastify = Fastify();
await fastify.register(websocket, { options: { maxPayload: 1_000_000 } });
fastify.get('/echo', { websocket: true }, (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
await fastify.ready();

// A connection without a network, and one with.
const injected = await fastify.injectWS('/echo');
injected.send('in memory');
const [inMemory] = await new Promise((resolve) => injected.once('message', (...args) => resolve(args)));
assert.equal(inMemory.toString(), 'in memory');
injected.terminate();

const address = await fastify.listen({ port: 0, host: '127.0.0.1' });
const { default: WebSocket } = await import('ws');
const client = new WebSocket(`${address.replace('http', 'ws')}/echo`);
const echoed = await new Promise((resolve, reject) => {
  client.on('open', () => client.send(Buffer.from('bytes')));
  client.on('message', (data, isBinary) => resolve([data.toString(), isBinary]));
  client.on('error', reject);
});
assert.deepEqual(echoed, ['bytes', true]);
const closed = new Promise((resolve) => client.on('close', resolve));
await fastify.close();
assert.equal(await closed, 1005);

/** A few messages over the built packages, for a run on each version of Node. */
const assert = require('node:assert/strict');
const { createHook } = require('node:async_hooks');
const { once } = require('node:events');
const { io } = require('@hawser/client');
const { Server } = require('@hawser/io');
const { WebSocketServer, WebSocket } = require('@hawser/ws');

async function main() {
  // What only clients need: as good as all of what Node's own WebSocket and fetch are.
  assert.ok(!process.moduleLoadList.includes('NativeModule internal/deps/undici/undici'));
  await tryWebSocket();
  await tryCompression();
  await trySocketIo();
  console.log(`  node ${process.version}: ok`);
}

async function tryWebSocket() {
  const closed = [];
  const readInto = [];
  const server = new WebSocketServer({
    upgrade: ({ protocols }) => ({ data: { name: 'smoke' }, protocol: protocols[0] }),
    open: (socket) => socket.subscribe('news'),
    message: (socket, data, isBinary) => {
      if (data.length < 100) readInto.push(data.buffer.byteLength);
      socket.send(data, { binary: isBinary });
    },
    close: (_socket, code, reason) => closed.push([code, reason]),
  });
  const { port } = await server.listen({ host: '127.0.0.1' });
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, ['smoke']);
  client.binaryType = 'arraybuffer';
  await once(client, 'open');
  assert.equal(client.protocol, 'smoke');
  assert.equal(await answer(client, 'héllo 👋'), 'héllo 👋');
  const large = await answer(client, new Uint8Array(300_000).fill(7));
  assert.deepEqual(new Uint8Array(large), new Uint8Array(300_000).fill(7));
  const published = once(client, 'message');
  assert.equal(server.publish('news', 'all'), 1);
  assert.equal((await published)[0].data, 'all');
  client.close(3000, 'done');
  const [event] = await once(client, 'close');
  assert.deepEqual([event.wasClean, event.code], [true, 3000]);
  await server.close();
  assert.deepEqual(closed, [[3000, 'done']]);
  // Sockets share their reads: what Node allocates by itself is of the size of the chunk.
  assert.deepEqual(readInto, [4096]);
}

async function tryCompression() {
  let states = 0;
  const hook = createHook({ init: (_id, type) => type === 'ZLIB' && states++ });
  const compression = { thresholdBytes: 0, serverNoContextTakeover: false, clientNoContextTakeover: false };
  const server = new WebSocketServer({ compression, message: (socket, data) => socket.send(String(data)) });
  const { port } = await server.listen({ host: '127.0.0.1' });
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, [], { compression });
  await once(client, 'open');
  hook.enable();
  for (const count of [3, 4, 5]) {
    const text = 'once more, '.repeat(count);
    assert.equal(await answer(client, text), text);
  }
  hook.disable();
  client.close();
  await server.close();
  // Two that compress, one that inflates, two that were tried: Node's functions would make one for each message.
  assert.equal(states, 5);
}

async function trySocketIo() {
  const server = new Server(0, { connectionStateRecovery: {} });
  server.on('connection', (socket) => socket.on('ask', (...args) => args.pop()(...args)));
  const client = io(`http://127.0.0.1:${server.httpServer.address().port}`, { reconnectionDelay: 10 });
  await once(client, 'connect');
  assert.deepEqual(await client.emitWithAck('ask', { bytes: Buffer.from([0, 255]) }), {
    bytes: Buffer.from([0, 255]),
  });
  if (client.io.engine.transport.name === 'polling') await once(client.io.engine, 'upgrade');
  const lost = once(client, 'disconnect');
  client.io.engine.close();
  await lost;
  server.emit('news', 'while it was away');
  const isBack = once(client, 'connect');
  assert.deepEqual(await once(client, 'news'), ['while it was away']);
  await isBack;
  assert.equal(client.recovered, true);
  client.disconnect();
  await server.close();
}

async function answer(client, data) {
  const reply = once(client, 'message');
  client.send(data);
  return (await reply)[0].data;
}

main();

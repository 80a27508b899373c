/** A few messages over the built packages, for a run on each version of Node. */
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { WebSocketServer, WebSocket } = require('@hawser/ws');

async function main() {
  const closed = [];
  const server = new WebSocketServer({
    upgrade: ({ protocols }) => ({ data: { name: 'smoke' }, protocol: protocols[0] }),
    open: (socket) => socket.subscribe('news'),
    message: (socket, data, isBinary) => socket.send(data, { binary: isBinary }),
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
  console.log(`  node ${process.version}: ok`);
}

async function answer(client, data) {
  const reply = once(client, 'message');
  client.send(data);
  return (await reply)[0].data;
}

main();

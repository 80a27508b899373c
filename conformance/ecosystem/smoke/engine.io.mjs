import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { attach } from 'engine.io';
import { Socket } from 'engine.io-client';
import { listen } from './servers.mjs';

const http = createServer();
const engine = attach(http, { perMessageDeflate: { threshold: 100 } });
engine.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
const port = await listen(http);

for (const transports of [['websocket'], ['polling', 'websocket']]) {
  const client = new Socket(`ws://127.0.0.1:${port}`, { transports });
  client.binaryType = 'arraybuffer';
  await once(client, transports.length === 1 ? 'open' : 'upgrade');
  for (const data of ['text', 'long '.repeat(1000), Buffer.from([1, 2, 3])]) {
    client.send(data);
    const [echo] = await once(client, 'message');
    assert.deepEqual(typeof data === 'string' ? echo : Buffer.from(echo), data);
  }
  assert.equal(client.transport.name, 'websocket');
  const closed = once(client, 'close');
  client.close();
  await closed;
}
engine.close();
http.closeAllConnections();
http.close();

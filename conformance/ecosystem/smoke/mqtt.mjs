import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import websocketStream from 'websocket-stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { listen } from './servers.mjs';

const broker = await Aedes.createBroker();

/** How the broker comes to its streams. */
const LISTENERS = {
  ws: (server) =>
    new WebSocketServer({ server }).on('connection', (socket, request) =>
      broker.handle(createWebSocketStream(socket), request),
    ),
  'websocket-stream': (server) => websocketStream.createServer({ server }, broker.handle),
};

for (const [name, start] of Object.entries(LISTENERS)) {
  const http = createServer();
  start(http);
  const client = mqtt.connect(`ws://127.0.0.1:${await listen(http)}`, { reconnectPeriod: 0 });
  await once(client, 'connect');
  await client.subscribeAsync('topic/#');
  for (const payload of [name, 'large '.repeat(50_000)]) {
    const received = once(client, 'message');
    await client.publishAsync('topic/a', payload, { qos: 1 });
    const [topic, message] = await received;
    assert.deepEqual([topic, message.toString()], ['topic/a', payload]);
  }
  await client.endAsync();
  http.closeAllConnections();
  http.close();
}
await new Promise((resolve) => broker.close(resolve));

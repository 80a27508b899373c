import assert from 'node:assert/strict';
import { once } from 'node:events';
import rhea from 'rhea';
import WebSocket, { WebSocketServer } from 'ws';

const broker = rhea.create_container();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: ([first]) => first });
server.on('connection', (socket) => broker.websocket_accept(socket));
await once(server, 'listening');

const container = rhea.create_container();
const connect = container.websocket_connect(WebSocket);
const url = `ws://127.0.0.1:${server.address().port}`;
const connection_details = connect(url, ['binary', 'AMQPWSB10', 'amqp'], {});
const connection = container.connect({ connection_details, reconnect: false });
const sender = connection.open_sender('queue');

for (const body of ['small', 'large '.repeat(50_000)]) {
  if (!sender.sendable()) await once(sender, 'sendable');
  const received = once(broker, 'message');
  const settled = once(sender, 'accepted');
  sender.send({ body });
  assert.equal((await received)[0].message.body, body);
  await settled;
}
const closed = once(connection, 'connection_close');
connection.close();
await closed;
server.close();

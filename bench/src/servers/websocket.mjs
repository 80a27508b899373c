import { once } from 'node:events';
import { createServer } from 'node:http';
import websocket from 'websocket';
import { packageVersion } from './package-version.mjs';
import { serveBenchmark, serverSettings } from './server-process.mjs';

const MAX_RECEIVED_BYTES = 67_108_864;

const { isFanOut, message } = serverSettings();
const httpServer = createServer();
const server = new websocket.server({
  httpServer,
  autoAcceptConnections: true,
  maxReceivedFrameSize: MAX_RECEIVED_BYTES,
  maxReceivedMessageSize: MAX_RECEIVED_BYTES,
  fragmentOutgoingMessages: false,
});

server.on('connect', (connection) => {
  connection.on('error', () => {});
  connection.on('message', isFanOut ? () => publish(connection) : (received) => echo(connection, received));
});

function echo(connection, received) {
  if (received.type === 'utf8') connection.sendUTF(received.utf8Data);
  else connection.sendBytes(received.binaryData);
}

function publish(sender) {
  for (const connection of server.connections) {
    if (connection !== sender) connection.send(message);
  }
}

httpServer.listen(0, '127.0.0.1');
await once(httpServer, 'listening');
serveBenchmark({ port: httpServer.address().port, version: packageVersion('websocket') });

// ws uses bufferutil when it is installed; without it the comparison would flatter everybody else.
import 'bufferutil';
import { once } from 'node:events';
import { WebSocketServer } from 'ws';
import { packageVersion } from './package-version.mjs';
import { serveBenchmark, serverSettings } from './server-process.mjs';

const MAX_PAYLOAD_BYTES = 67_108_864;

const { isFanOut, compression, message, messages } = serverSettings();
let published = 0;

const server = new WebSocketServer({
  port: 0,
  host: '127.0.0.1',
  perMessageDeflate:
    compression === undefined
      ? false
      : {
          serverNoContextTakeover: compression === 'no-context',
          clientNoContextTakeover: compression === 'no-context',
        },
  maxPayload: MAX_PAYLOAD_BYTES,
});

server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on(
    'message',
    isFanOut ? () => publish(socket) : (data, isBinary) => socket.send(data, { binary: isBinary }),
  );
});

/** The broadcast that the documentation of ws shows: to everybody but the sender. */
function publish(sender) {
  const data = compression === undefined ? message : messages[published++ % messages.length];
  for (const client of server.clients) {
    if (client !== sender) client.send(data);
  }
}

await once(server, 'listening');
const version = `${packageVersion('ws')}, bufferutil ${packageVersion('bufferutil')}`;
serveBenchmark({ port: server.address().port, version });

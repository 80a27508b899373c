import { once } from 'node:events';
import { serveBenchmark, serverSettings } from './server-process.mjs';

const MAX_PAYLOAD_BYTES = 67_108_864;

/** Runs one program on `ws`, or on what stands in for it. */
export async function runWsProgram(WebSocketServer, version) {
  const { isFanOut, compression, message, messages } = serverSettings();
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
  let published = 0;

  /** The broadcast that the documentation of ws shows: to everybody but the sender. */
  const publish = (sender) => {
    const data = compression === undefined ? message : messages[published++ % messages.length];
    for (const client of server.clients) {
      if (client !== sender) client.send(data);
    }
  };

  server.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on(
      'message',
      isFanOut ? () => publish(socket) : (data, isBinary) => socket.send(data, { binary: isBinary }),
    );
  });

  await once(server, 'listening');
  serveBenchmark({ port: server.address().port, version });
}

/** Echo server on `@hawser/ws` (built): `node hawser-server.mjs [port]` prints its URL. */
import { WebSocketServer } from '@hawser/ws';

const MAX_BYTES = 64 * 1024 * 1024;

const server = new WebSocketServer({
  maxMessageBytes: MAX_BYTES,
  maxBufferedBytes: MAX_BYTES,
  handshakeTimeoutMs: 1500,
  pingIntervalMs: 0,
  compression: { thresholdBytes: 0, serverNoContextTakeover: false, clientNoContextTakeover: false },
  message(socket, data, isBinary) {
    socket.send(data, { binary: isBinary });
  },
});
const { port } = await server.listen({ host: '127.0.0.1', port: Number(process.argv[2] ?? 0) });
console.log(`ws://127.0.0.1:${port}/`);
process.on('SIGTERM', () => process.exit(0));

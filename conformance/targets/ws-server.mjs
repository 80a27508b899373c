/** Echo server on the `ws` package: `node ws-server.mjs [port]` prints its URL. */
import { WebSocketServer } from 'ws';

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** The default of 16,384 refuses the cases 9.3.1 and 9.4.1. */
const MAX_FRAGMENTS = 1_000_000;

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.argv[2] ?? 0),
  maxPayload: MAX_MESSAGE_BYTES,
  maxFragments: MAX_FRAGMENTS,
  perMessageDeflate: { threshold: 0 },
});
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', () => {});
});
server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}/`));
process.on('SIGTERM', () => process.exit(0));

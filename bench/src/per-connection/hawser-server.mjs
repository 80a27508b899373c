import { WebSocketServer } from '@hawser/ws';
import { serveBenchmark } from '../servers/server-process.mjs';
import { cert, key } from './certificate.mjs';

const { isTls, compression, isSubscribed, pingIntervalMs = 0 } = JSON.parse(process.argv[2]);

const server = new WebSocketServer({
  open: (socket) => isSubscribed && socket.subscribe('news'),
  message: (socket, data, isBinary) => void socket.send(data, { binary: isBinary }),
  pingIntervalMs,
  compression: compression !== undefined && {
    serverNoContextTakeover: compression === 'no takeover',
    clientNoContextTakeover: compression === 'no takeover',
  },
});
const { port } = await server.listen({
  port: 0,
  host: '127.0.0.1',
  ...(isTls && { tls: { cert, key } }),
});
serveBenchmark(
  { port, version: 'this tree' },
  {
    /** How long everything stands still for a whole collection, in milliseconds. */
    collectionPause() {
      const startedAt = performance.now();
      globalThis.gc();
      return performance.now() - startedAt;
    },
  },
);

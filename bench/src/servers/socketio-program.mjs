import { once } from 'node:events';
import { createServer } from 'node:http';
import { serveBenchmark, serverSettings } from './server-process.mjs';

const MAX_MESSAGE_BYTES = 67_108_864;
const ROOM = 'news';

/** Longer than any load: the generator answers no pings. */
const PING_INTERVAL_MS = 3_600_000;

/** What every server of this layer is given; a new object each time, as socket.io writes into it. */
export function serverOptions() {
  return { serveClient: false, maxHttpBufferSize: MAX_MESSAGE_BYTES, pingInterval: PING_INTERVAL_MS };
}

/**
 * Runs one program on `socket.io`, or on what stands in for it.
 *
 * @param createIo - makes the server on an HTTP server
 */
export async function runSocketIoProgram(createIo, version) {
  const { isFanOut, message } = serverSettings();
  const httpServer = createServer();
  const io = createIo(httpServer);
  const text = message.toString();

  io.on('connection', (socket) => {
    if (!isFanOut) socket.on('e', (data) => socket.emit('e', data));
    else if (socket.handshake.query.role === 'publisher')
      socket.on('publish', () => io.to(ROOM).emit('e', text));
    else socket.join(ROOM);
  });

  httpServer.listen(0, '127.0.0.1');
  await once(httpServer, 'listening');
  serveBenchmark({ port: httpServer.address().port, version });
}

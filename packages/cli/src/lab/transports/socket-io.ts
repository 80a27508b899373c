import type { Server as HttpServer } from 'node:http';
import { Server } from '../../socket-io.ts';
import { LAB_LIMITS } from '../limits.ts';
import { withPayload } from '../payload.ts';
import type { LabTransport, TransportContext } from '../transport.ts';

/** A Socket.IO event per event; each stream is a room. */
export function attachSocketIo(http: HttpServer, { streamOf, onSent }: TransportContext): LabTransport {
  const io = new Server(http, {
    serveClient: false,
    maxHttpBufferSize: 1024,
    maxBufferedBytes: LAB_LIMITS.waitingBytes,
    slowConsumer: 'drop-newest',
    // The page comes from another port. What it may read is guarded by its stream's id.
    cors: { origin: '*' },
    allowRequest: (request, decide) => decide(null, streamOf(request) !== undefined),
  });
  io.on('connection', (socket) => {
    const stream = streamOf(socket.request);
    if (stream === undefined) socket.disconnect(true);
    else socket.join(stream);
  });
  return {
    open() {},
    deliver(stream, events) {
      for (const event of events) {
        io.to(stream).emit('event', withPayload(event));
        onSent(stream, event.seq);
      }
    },
    close: (stream) => io.in(stream).disconnectSockets(true),
  };
}

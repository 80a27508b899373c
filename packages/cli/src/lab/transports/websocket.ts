import type { Server } from 'node:http';
import { WebSocketServer } from '@hawser/ws';
import { LAB_LIMITS } from '../limits.ts';
import { withPayload } from '../payload.ts';
import type { LabTransport, TransportContext } from '../transport.ts';

/** One message per event over a plain WebSocket. */
export function attachWebSocket(http: Server, { streamOf, onSent }: TransportContext): LabTransport {
  const server = new WebSocketServer<{ stream: string }>({
    // The page comes from another port. What it may read is guarded by its stream's id.
    allowedOrigins: '*',
    maxMessageBytes: 1024,
    maxBufferedBytes: LAB_LIMITS.waitingBytes,
    slowConsumer: 'drop',
    upgrade(request) {
      const stream = streamOf(request);
      return stream === undefined
        ? { status: 404, message: 'There is no such stream.' }
        : { data: { stream } };
    },
    open: (socket) => socket.subscribe(socket.data.stream),
  });
  server.attach(http);
  return {
    open() {},
    deliver(stream, events) {
      for (const event of events) {
        server.publish(stream, JSON.stringify(withPayload(event)));
        onSent(stream, event.seq);
      }
    },
    // Its connections end with those of the stream.
    close() {},
  };
}

import type { Server, ServerResponse } from 'node:http';
import { LAB_LIMITS } from '../limits.ts';
import { withPayload } from '../payload.ts';
import {
  CROSS_ORIGIN_HEADERS,
  type LabTransport,
  refuseStream,
  type TransportContext,
} from '../transport.ts';

/** One response that never ends, with a block of text per event (WHATWG HTML, section 9.2). */
export function attachServerSentEvents(http: Server, { streamOf, onSent }: TransportContext): LabTransport {
  const streams = new Map<string, Set<ServerResponse>>();
  http.on('request', (request, response) => {
    const listeners = streams.get(streamOf(request) ?? '');
    if (listeners === undefined) {
      refuseStream(response);
      return;
    }
    listeners.add(response);
    response.once('close', () => listeners.delete(response));
    response.writeHead(200, { ...CROSS_ORIGIN_HEADERS, 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
  });
  return {
    open: (stream) => void streams.set(stream, new Set()),
    deliver(stream, events) {
      const listeners = streams.get(stream);
      if (listeners === undefined || listeners.size === 0) return;
      for (const event of events) {
        const block = `data: ${JSON.stringify(withPayload(event))}\n\n`;
        for (const response of listeners) {
          if (response.writableLength < LAB_LIMITS.waitingBytes) response.write(block);
        }
        onSent(stream, event.seq);
      }
    },
    close(stream) {
      for (const response of streams.get(stream) ?? []) response.end();
      streams.delete(stream);
    },
  };
}

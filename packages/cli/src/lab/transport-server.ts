import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LAB_LIMITS } from './limits.ts';
import type { LabEvent, StreamTotals } from './messages.ts';
import { Traffic } from './traffic.ts';
import { type AttachTransport, readQuery } from './transport.ts';

/** A transport that listens on a port of its own, with the count of its traffic. */
export interface TransportServer {
  readonly port: number;
  open(stream: string): void;
  deliver(stream: string, events: readonly LabEvent[]): void;
  close(stream: string): void;
  totals(): Record<string, StreamTotals>;
  stop(): Promise<void>;
}

/**
 * Serve one transport.
 *
 * @param attach - the transport
 * @param host - the address to listen on
 */
export async function startTransport(attach: AttachTransport, host: string): Promise<TransportServer> {
  const http = createServer();
  http.maxConnections = LAB_LIMITS.connections;
  const streams = new Set<string>();
  const streamOf = (request: Pick<IncomingMessage, 'url'>) => {
    const stream = readQuery(request, 'stream');
    return stream !== undefined && streams.has(stream) ? stream : undefined;
  };
  const traffic = new Traffic(streamOf);
  const transport = attach(http, { streamOf, onSent: (stream, seq) => traffic.sent(stream, seq) });
  traffic.watch(http);
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(0, host, resolve);
  });
  return {
    port: (http.address() as AddressInfo).port,
    open(stream) {
      streams.add(stream);
      traffic.open(stream);
      transport.open(stream);
    },
    deliver: (stream, events) => transport.deliver(stream, events),
    close(stream) {
      streams.delete(stream);
      transport.close(stream);
      traffic.close(stream);
    },
    totals: () => traffic.totals(),
    async stop() {
      for (const stream of streams) {
        transport.close(stream);
        traffic.close(stream);
      }
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

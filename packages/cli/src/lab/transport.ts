import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { LabEvent } from './messages.ts';

/** What a transport needs to know. */
export interface TransportContext {
  /** The stream that a request asks for, if there is such a one. */
  readonly streamOf: (request: Pick<IncomingMessage, 'url'>) => string | undefined;
  /** Is told of the event that was written last to who listens to a stream. */
  readonly onSent: (stream: string, seq: number) => void;
}

/** One way to bring a stream of events to a page. */
export interface LabTransport {
  /** A page has come: its stream begins. */
  open(stream: string): void;
  /** Events have happened in a stream. */
  deliver(stream: string, events: readonly LabEvent[]): void;
  /** The page has gone. */
  close(stream: string): void;
}

/** Starts a transport on an HTTP server that serves nothing else. */
export type AttachTransport = (http: Server, context: TransportContext) => LabTransport;

// The page comes from another port, which makes it another origin. What it may read is guarded by its stream's id.
export const CROSS_ORIGIN_HEADERS = { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'no-store' };

/** Read a value of a request's query, whatever stands before it. */
export function readQuery({ url = '' }: Pick<IncomingMessage, 'url'>, name: string): string | undefined {
  return new URLSearchParams(/\?(.*)/.exec(url)?.[1]).get(name) ?? undefined;
}

/** Turn away a request that names no stream. */
export function refuseStream(response: ServerResponse): void {
  const body = 'There is no such stream.\n';
  response.writeHead(404, {
    ...CROSS_ORIGIN_HEADERS,
    'Content-Type': 'text/plain',
    'Content-Length': body.length,
  });
  response.end(body);
}

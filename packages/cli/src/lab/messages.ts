/** The transports that the lab compares, in the order of their columns. */
export const TRANSPORT_NAMES = [
  'short-polling',
  'long-polling',
  'server-sent-events',
  'socket-io',
  'websocket',
] as const;

/** The name of a transport. */
export type TransportName = (typeof TRANSPORT_NAMES)[number];

/** Something that happened on the server. */
export interface LabEvent {
  /** Counts up by one in each stream. */
  readonly seq: number;
  /** The server's time of it, in milliseconds since 1970, with fractions. */
  readonly at: number;
  /** The size of its payload. */
  readonly bytes: number;
}

/** An event as it is sent to a page. */
export interface SentEvent {
  readonly seq: number;
  readonly at: number;
  readonly data: string;
}

/** What the server tells the process of a transport. A stream belongs to one page. */
export type ToTransport =
  | { readonly type: 'open' | 'close'; readonly stream: string }
  | { readonly type: 'events'; readonly stream: string; readonly events: readonly LabEvent[] };

/** What one page has cost on one transport, counted from the start of its stream. */
export interface StreamTotals {
  readonly requests: number;
  /** Bytes that came from the page: request lines, headers, bodies, frames. */
  readonly bytesUp: number;
  /** Bytes that went to the page: status lines, headers, bodies, frames. */
  readonly bytesDown: number;
  /** TCP connections that are open now. */
  readonly connections: number;
  /** The number of the latest event that is in these bytes, if the page was there to receive it; 0 before the first. */
  readonly lastSeq: number;
}

/** What the process of a transport tells the server. */
export type FromTransport =
  | { readonly type: 'ready'; readonly port: number }
  | {
      readonly type: 'totals';
      /** User and system time of the whole process, in milliseconds. */
      readonly cpuMs: number;
      readonly streams: Readonly<Record<string, StreamTotals>>;
    };

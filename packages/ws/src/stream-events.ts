import type { StreamConnection } from './stream-connection.ts';

/** What a connection reports; `peer` is the object by which the user knows it. */
export interface StreamEvents<Peer> {
  message(peer: Peer, data: Buffer, isBinary: boolean): void;
  /** The pong is on its way already. */
  ping(peer: Peer, data: Buffer): void;
  pong(peer: Peer, data: Buffer): void;
  /** What was queued has left. */
  drain(peer: Peer): void;
  /** An event above threw. */
  failed(error: unknown): void;
  /** The connection is no longer open: nothing more can be sent. */
  closing(connection: StreamConnection<Peer>): void;
  /** The transport is gone. */
  closed(connection: StreamConnection<Peer>): void;
}

import type { Connection, Endpoint } from '@hawser/protocol/websocket';
import type { SlowConsumerPolicy } from './options.ts';
import type { StreamConnection } from './stream-connection.ts';
import type { TurnFlusher } from './turn-flusher.ts';

/**
 * What became of a message:
 * - `written`: it is on its way to the kernel, at the latest when this turn of the event loop ends;
 * - `queued`: the peer reads too slowly, or the message is being compressed: it waits in memory, and `drain` will
 *   tell when it has left;
 * - `dropped`: it would have crossed `maxBufferedBytes` and was not taken;
 * - `closed`: the connection is closing or closed, nothing was sent.
 */
export type SendResult = 'written' | 'queued' | 'dropped' | 'closed';

/** How a connection ends: see the fields of `Connection`. */
export type ConnectionEnding = Pick<Connection, 'closeCode' | 'closeReason' | 'wasClean' | 'violation'>;

/** Of one connection within one turn, before it is written after all to learn whether the peer keeps up. */
export const MAX_UNWRITTEN_BYTES = 262_144;

/** What all connections of one endpoint share. */
export interface StreamContext<Peer> {
  readonly endpoint: Endpoint;
  readonly maxBufferedBytes: number;
  /** So much is collected within one turn before it is written after all: mostly {@link MAX_UNWRITTEN_BYTES}. */
  readonly maxUnwrittenBytes: number;
  readonly slowConsumer: SlowConsumerPolicy;
  readonly flusher: TurnFlusher;
  readonly events: StreamEvents<Peer>;
}

/** What a connection reports; `peer` is the object by which the user knows it. */
export interface StreamEvents<Peer> {
  /** For `fragmentEnds` see `ConnectionHandler`. */
  message(peer: Peer, data: Buffer, isBinary: boolean, fragmentEnds: readonly number[] | null): void;
  /** Needed where the endpoint has the habit `readsText`. */
  text?(peer: Peer, text: string): void;
  /** The pong is on its way already. */
  ping(peer: Peer, data: Buffer): void;
  pong(peer: Peer, data: Buffer): void;
  /** Before `ping`: see `ConnectionHandler.onPingFlood`. */
  pingFlood?(connection: StreamConnection<Peer>): void;
  /** What was queued has left. */
  drain(peer: Peer): void;
  /** An event above threw: what it was told is lost. */
  failed(error: unknown, connection: StreamConnection<Peer>): void;
  /**
   * The transport is gone while messages are held back: they are delivered next. Where this is not asked for, a pause
   * also holds back the end, and what was held back is lost with the transport.
   */
  cutWhileHeld?(connection: StreamConnection<Peer>): void;
  /** Sending is possible for the last time, within this call. */
  ending?(connection: StreamConnection<Peer>): void;
  /** The connection is no longer open: nothing more can be sent. */
  closing(connection: StreamConnection<Peer>): void;
  /** The peer's close frame came, or will not come any more. */
  finished?(connection: StreamConnection<Peer>): void;
  /** The transport is gone. */
  closed(connection: StreamConnection<Peer>): void;
}

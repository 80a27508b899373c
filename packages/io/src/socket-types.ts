import type { IncomingHttpHeaders } from 'node:http';
import type { ParsedUrlQuery } from 'node:querystring';
import { isReservedEvent } from '@hawser/protocol/socketio';
import type { Anything } from './typed-events.ts';

/** Why a socket was disconnected. */
export type DisconnectReason =
  | 'transport error'
  | 'transport close'
  | 'forced close'
  | 'ping timeout'
  | 'parse error'
  | 'server shutting down'
  | 'forced server close'
  | 'client namespace disconnect'
  | 'server namespace disconnect';

const RECOVERABLE: ReadonlySet<DisconnectReason> = new Set<DisconnectReason>([
  'transport error',
  'transport close',
  'forced close',
  'ping timeout',
  'server shutting down',
  'forced server close',
]);

/** Whether the session can go on after a loss of this kind. */
export function isRecoverable(reason: DisconnectReason): boolean {
  return RECOVERABLE.has(reason);
}

/** The events of a socket that are not its client's. */
export interface SocketReservedEventsMap {
  disconnect: (reason: DisconnectReason, description?: Anything) => void;
  disconnecting: (reason: DisconnectReason, description?: Anything) => void;
  error: (err: Error) => void;
  /** After `emit` returned `false`: what waited has left, and there is room again. */
  drain: () => void;
}

/** What is known of a client since it connected. */
export interface Handshake {
  /** The headers of the first request. */
  headers: IncomingHttpHeaders;
  /** When it connected, as text. */
  time: string;
  /** The IP address of the client, behind a proxy the proxy's. */
  address: string;
  /** The request came from a page of another origin. */
  xdomain: boolean;
  /** The connection is encrypted. */
  secure: boolean;
  /** When it connected, in milliseconds since 1970. */
  issued: number;
  url: string;
  query: ParsedUrlQuery;
  /** What the client sent to prove who it is. */
  auth: { [key: string]: Anything };
}

/** @throws Error when a program emits an event that has a meaning of its own */
export function refuseReserved(
  name: string | symbol,
  isReserved: (name: unknown) => boolean = isReservedEvent,
): void {
  if (isReserved(name)) throw new Error(`"${String(name)}" is a reserved event name`);
}

import type { AnyValue } from './events.ts';
import type { QueuedEvent } from './retry-queue.ts';
import type { Socket } from './socket.ts';

/** Who a client is, or a function that hands it over. */
export type Auth = { [key: string]: AnyValue } | ((cb: (data: object) => void) => void);

/** Options of one socket. */
export interface SocketOptions {
  /** Who we are: what the server finds in `handshake.auth`, or a function that hands it over at each connect. */
  auth?: Auth;
  /** Send each event until it is acknowledged, and at most so many times again. */
  retries?: number;
  /** Milliseconds to wait for any acknowledgement. */
  ackTimeout?: number;
  /**
   * Most events that wait in `sendBuffer`, in `receiveBuffer`, for `retries`, or for the transport; `emit` throws
   * `SIO_ERR_SEND_BUFFER_FULL` for one more.
   * @defaultValue 100 000
   */
  maxBufferedEvents?: number;
  /** Most bytes of them, as they are sent; with a `parser`, about so many. @defaultValue 67 108 864 */
  maxBufferedBytes?: number;
}

export type DisconnectDescription = Error | { description: string; context?: unknown };

/** An error of a middleware, with what that has to say. */
export interface ExtendedError extends Error {
  data?: AnyValue;
}

export interface SocketReservedEvents {
  connect: () => void;
  connect_error: (err: ExtendedError) => void;
  disconnect: (reason: Socket.DisconnectReason, description?: DisconnectDescription) => void;
}

/** How the next event is sent. */
export interface Flags {
  readonly compress?: boolean;
  readonly volatile?: boolean;
  readonly timeout?: number;
  /** It is a try of an event with `retries`. */
  readonly queued?: QueuedEvent;
}

import type { ViolationCode } from '@hawser/protocol/engineio';
import { VIOLATIONS, type ViolationCode as WebSocketViolationCode } from '@hawser/protocol/websocket';

/** Why a request is turned away, by the names of `Server.errors`. */
export const ERRORS = Object.freeze({
  UNKNOWN_TRANSPORT: 0,
  UNKNOWN_SID: 1,
  BAD_HANDSHAKE_METHOD: 2,
  BAD_REQUEST: 3,
  FORBIDDEN: 4,
  UNSUPPORTED_PROTOCOL_VERSION: 5,
} as const);

/** One of {@link ERRORS}. */
export type ErrorNumber = (typeof ERRORS)[keyof typeof ERRORS];

/** What the client reads, unless the context of the error has words of its own. */
export const ERROR_MESSAGES: Readonly<Record<ErrorNumber, string>> = Object.freeze({
  0: 'Transport unknown',
  1: 'Session ID unknown',
  2: 'Bad handshake method',
  3: 'Bad request',
  4: 'Forbidden',
  5: 'Unsupported protocol version',
});

/** What went wrong with a session, beyond the reason of its `close` event. */
export type EngineErrorCode =
  | ViolationCode
  | WebSocketViolationCode
  | 'EIO_ERR_OVERLAP'
  | 'EIO_ERR_REQUEST_CUT'
  | 'EIO_ERR_REQUEST_TIMEOUT'
  | 'EIO_ERR_SLOW_CONSUMER'
  | 'EIO_ERR_CONTENT_TYPE'
  | 'EIO_ERR_WRITE'
  | 'EIO_ERR_CONNECTION';

interface EngineErrorDetails {
  readonly cause?: unknown;
  readonly limit?: number;
}

/**
 * Why a session ended, as the second argument of its `close` event.
 *
 * Messages are for people and may change; `code` does not. There is no stack: it is about the peer.
 */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  /** As engine.io marks what its transports report. */
  readonly type = 'TransportError';
  readonly code: EngineErrorCode;
  /** The bound that was crossed, in bytes, where it was about one. */
  readonly limit: number | undefined;

  constructor(code: EngineErrorCode, message: string, { cause, limit }: EngineErrorDetails = {}) {
    // What a peer did has no place in the code. Looking for one would take a thirtieth of what a connection costs
    // that comes and is reset (`npm run bench -- --only socketio-connect`).
    const { stackTraceLimit } = Error;
    Reflect.set(Error, 'stackTraceLimit', 0);
    super(message, cause === undefined ? undefined : { cause });
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
    this.code = code;
    this.limit = limit;
  }
}

/** The code of a WebSocket message that is too large: the `ws` package has the same. */
export const MESSAGE_TOO_LARGE = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';

/** Returns what is told of one. */
export function messageTooLarge(limit: number, cause?: unknown): EngineError {
  const message = `${VIOLATIONS[MESSAGE_TOO_LARGE].reason} of ${limit} bytes`;
  return new EngineError(MESSAGE_TOO_LARGE, message, { limit, cause });
}

import type { HandshakeErrorCode } from '@hawser/protocol/websocket';

/** Codes of {@link WebSocketError}; stable, while messages are not. */
export type WebSocketErrorCode =
  | HandshakeErrorCode
  | 'WS_ERR_CONNECT_FAILED'
  | 'WS_ERR_HANDSHAKE_TIMEOUT'
  | 'WS_ERR_HTTP2_NOT_OFFERED'
  | 'WS_ERR_CLOSED_BEFORE_OPEN'
  | 'WS_ERR_CONNECTION_FAILED'
  | 'WS_ERR_OPTION'
  | 'WS_ERR_PATH_TAKEN'
  | 'WS_ERR_PROTOCOL_NOT_OFFERED'
  | 'WS_ERR_SERVER_CLOSED'
  | 'WS_ERR_STREAM_TAKEN';

interface WebSocketErrorOptions {
  readonly cause?: unknown;
  readonly status?: number;
  readonly closeCode?: number;
  readonly reason?: string;
}

/** An error of a server or a client. */
export class WebSocketError extends Error {
  readonly code: WebSocketErrorCode;
  /** The HTTP status with which the server refused the handshake, if it did. */
  readonly status: number | undefined;
  /** The code with which the connection closed; `null` where there was none, as in a handshake. */
  readonly closeCode: number | null;
  /** The reason with which the connection closed, or an empty string. */
  readonly reason: string;

  constructor(code: WebSocketErrorCode, message: string, options: WebSocketErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'WebSocketError';
    this.code = code;
    this.status = options.status;
    this.closeCode = options.closeCode ?? null;
    this.reason = options.reason ?? '';
  }
}

/** Returns the error for a connection that never came to a handshake's answer. */
export function connectFailed({ host }: URL, cause: Error): WebSocketError {
  // An address that resolves to several IP addresses fails with one error for each, and none of its own.
  const causes: readonly Error[] = cause instanceof AggregateError ? cause.errors : [cause];
  const description = causes.map(({ message }) => message).join('; ');
  return new WebSocketError('WS_ERR_CONNECT_FAILED', `cannot connect to ${host}: ${description}`, { cause });
}

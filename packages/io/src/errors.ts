import { VIOLATIONS, type ViolationCode } from '@hawser/protocol/socketio';

/** What went wrong, by a name that does not change. */
export type IoErrorCode =
  | ViolationCode
  /** No answer came in time. */
  | 'IO_ERR_ACK_TIMEOUT'
  /** The socket was disconnected before the answer came, or was so when the event was emitted. */
  | 'IO_ERR_DISCONNECTED'
  /** A server of the cluster is gone, and with it clients that did not answer. */
  | 'IO_ERR_SERVER_LOST'
  /** The event was dropped: it was volatile, or there was no room for it. */
  | 'IO_ERR_DROPPED'
  /** More events wait for an answer than a socket keeps. */
  | 'IO_ERR_TOO_MANY_ACKS'
  /** More would wait for a slow client than was allowed. */
  | 'IO_ERR_SLOW_CONSUMER'
  /** The client broke a rule of connecting to namespaces. */
  | 'IO_ERR_CONNECT'
  /** The packet is for a namespace that the client is not connected to. */
  | 'IO_ERR_NOT_CONNECTED'
  /** A custom parser did not understand the client. */
  | 'IO_ERR_PARSER'
  /** An option is not of its kind. */
  | 'IO_ERR_OPTION'
  /** The program asked for what does not exist here. */
  | 'IO_ERR_UNSUPPORTED';

/** An error of the server; messages are for people and may change, `code` does not. */
export class IoError extends Error {
  override readonly name = 'IoError';
  readonly code: IoErrorCode;
  /** The answers that came, where an acknowledgement of many ended without all of them. */
  declare responses?: unknown[];

  constructor(code: IoErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export function violationError(code: ViolationCode): IoError {
  // What programs compare it with, as upstream has no code.
  const words = code === 'SIO_ERR_INVALID_ATTACHMENT_COUNT' ? 'Illegal attachments: ' : '';
  return new IoError(code, words + VIOLATIONS[code]);
}

export function ackTimeoutError(): IoError {
  return new IoError('IO_ERR_ACK_TIMEOUT', 'operation has timed out');
}

export function disconnectedError(): IoError {
  return new IoError('IO_ERR_DISCONNECTED', 'socket has been disconnected');
}

export function serverLostError(): IoError {
  return new IoError('IO_ERR_SERVER_LOST', 'a server was lost before all answers came');
}

export function droppedError(): IoError {
  return new IoError('IO_ERR_DROPPED', 'event was dropped: it was volatile, or there was no room for it');
}

/** A Blob is read asynchronously, and what is emitted next would overtake it. */
export function blobError(): IoError {
  return new IoError(
    'IO_ERR_UNSUPPORTED',
    'a server sends no Blob, but Buffer.from(await blob.arrayBuffer())',
  );
}

export function optionError(name: string, kind: string, given: unknown): IoError {
  return new IoError('IO_ERR_OPTION', `${name} must be ${kind}, not ${String(given).slice(0, 75)}`);
}

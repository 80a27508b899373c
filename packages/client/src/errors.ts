/** Codes of {@link SocketError}; stable, while messages are not. */
export type SocketErrorCode =
  | 'SIO_ERR_SEND_BUFFER_FULL'
  | 'SIO_ERR_RECEIVE_BUFFER_FULL'
  | 'SIO_ERR_INVALID_PACKET';

/** An error of a socket. */
export class SocketError extends Error {
  declare readonly code: SocketErrorCode;

  constructor(code: SocketErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What `emit` throws when too much waits already. */
export function sendBufferFull(): SocketError {
  return new SocketError('SIO_ERR_SEND_BUFFER_FULL', 'sendBuffer is full: see maxBufferedBytes');
}

/** Why a session ended. */
export type CloseReason =
  | 'transport error'
  | 'transport close'
  | 'forced close'
  | 'ping timeout'
  | 'parse error';

/**
 * What takes a session's messages, without a listener for each: for what builds on this package. It is told before the
 * listeners are, which hear the same as ever.
 */
export interface SessionConsumer {
  /** Binary data is a `Buffer` over the memory that it came in. */
  onMessage(data: string | Uint8Array): void;
  /** The client has sent a NOOP, which only clients do that have something to say by it. */
  onNoop(data: string | Uint8Array): void;
  /** What waited has left, and more can be sent. */
  onWritable(): void;
  /** The program closes the session: what is sent now goes out before that. */
  onClosing?(): void;
  onClose(reason: CloseReason, description: unknown): void;
}

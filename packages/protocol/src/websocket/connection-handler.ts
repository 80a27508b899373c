/** What a `Connection` calls. No call re-enters the machine's input. */
export interface ConnectionHandler {
  /**
   * A whole message. `data` is never written to again; it may keep the chunk that it came in alive.
   * @param fragmentEnds - where in `data` each of its frames ends but the last; only where that is recorded (see
   *   `Habits`), and not where it came compressed
   */
  onMessage(data: Uint8Array, isBinary: boolean, fragmentEnds: readonly number[] | null): void;
  /** A whole text message. Needed where text is asked for (see `Habits`), and called there alone. */
  onText?(text: string): void;
  /**
   * A whole message as the extension made it. Needed where `allowsRsv1` is set.
   *
   * @returns what it was made of, to be delivered now; or `null`, when the handler has failed the connection, or
   *   has paused it and will call `Connection.deliver` and then `Connection.resume`
   */
  onCompressedMessage?(data: Uint8Array, isBinary: boolean): Uint8Array | null;
  /** A ping; its pong is in the outbox already. */
  onPing(data: Uint8Array): void;
  onPong(data: Uint8Array): void;
  /** Before `onPing`: more pongs than are allowed would wait. Only where that is reported (see `Habits`). */
  onPingFlood?(): void;
  /** The connection is still open, until this call returns: send what has been held back, it is the last chance. */
  onEnding?(): void;
  /** The connection is no longer open, whoever began to close it: nothing more can be sent. */
  onClosing(): void;
  /** All is said: write the outbox, then end the writing side of the transport. */
  onFinished(): void;
  /** The peer let a deadline pass: destroy the transport. */
  onTimeout(): void;
}

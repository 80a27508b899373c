/** Is told what happens on one connection. */
export interface ConnectionHandler {
  opened(): void;
  /** The message with that number was answered. */
  answered(sequence: number, bytes: number): void;
  /** Something came that is no answer. */
  received(bytes: number): void;
  /**
   * The connection did not open, or it is over.
   *
   * @param reason - in a few words, the same for the same failure
   */
  ended(reason: string): void;
}

/** One connection to the server under load. */
export interface Connection {
  /** Send the message with that number. */
  send(sequence: number): void;
  /** End it; the handler is not told. */
  close(): void;
}

/** The server under load, in the protocol that it speaks. */
export interface Target {
  /** Begin to connect; the handler is told later, never from within. */
  connect(handler: ConnectionHandler): Connection;
}

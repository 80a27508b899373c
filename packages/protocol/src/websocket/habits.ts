/** Where RFC 6455 leaves a choice: what a drop-in for another implementation does as that one does. */
export interface Habits {
  /** A ping is answered at once; or else the handler has to (section 5.5.2). */
  readonly answersPings: boolean;
  /**
   * Text is checked to be UTF-8 (section 8.1). Without it, invalid text is delivered, and a close reason has one
   * character for each byte.
   */
  readonly validatesText: boolean;
  /** The answer to a close frame repeats its reason as well as its code (section 5.5.1). */
  readonly echoesCloseReason: boolean;
  /** A client ends the transport when both close frames are exchanged, instead of waiting for the server to (section 7.1.1). */
  readonly endsWithHandshake: boolean;
  /** The close frame that fails a connection says why (section 7.1.7). */
  readonly explainsFailures: boolean;
  /** Most frames of one message; more fails with 1008. What is kept is bounded in bytes without it. */
  readonly maxFragments: number;
  /** Most chunks of input that one unfinished frame is kept from; more fails with 1008. */
  readonly maxBufferedChunks: number;
  /** Above so many pongs that wait to be written, only the latest ping is answered (section 5.5.2). */
  readonly maxWaitingPongs: number;
  /** Beyond `maxWaitingPongs` the handler is told of a flood, and no ping is answered. */
  readonly reportsPingFloods: boolean;
  /** `onMessage` is told where the fragments of a message end (section 5.4). */
  readonly recordsFragments: boolean;
  /** Text messages go to `onText`, as text, and not to `onMessage`. */
  readonly readsText: boolean;
  /** A payload's length may be encoded in more bytes than it needs (section 5.2). */
  readonly allowsLongLengths: boolean;
}

export const DEFAULT_HABITS: Habits = Object.freeze({
  answersPings: true,
  validatesText: true,
  echoesCloseReason: false,
  endsWithHandshake: false,
  explainsFailures: true,
  maxFragments: Number.POSITIVE_INFINITY,
  maxBufferedChunks: Number.POSITIVE_INFINITY,
  maxWaitingPongs: 128,
  reportsPingFloods: false,
  recordsFragments: false,
  readsText: false,
  allowsLongLengths: false,
});

import type { Duplex } from 'node:stream';
import {
  attempt,
  type Flushable,
  type StreamConnection,
  type TurnFlusher,
  type WriteCallback,
} from '@hawser/ws/internal';
import type { WebSocket } from './websocket.ts';

/** So many messages wait at most: small ones are copied, and each has objects that carry it. */
const MAX_WAITING = 256;

interface Waiting {
  readonly byteLength: number;
  readonly callback: WriteCallback | undefined;
  readonly send: () => void;
}

/**
 * What one turn of the event loop sends compressed, and what it sends behind that.
 *
 * `ws` compresses on other threads: until then a message counts as waiting, and it is lost when the peer has ended its
 * side or the socket is gone. Here most of them are compressed when the turn ends, and until then it is the same. What is
 * sent in the turn in which the connection opens waits a turn longer: an end that came with the handshake is read first.
 */
export class CompressionQueue implements Flushable {
  /** Bytes of the payloads that wait here. */
  waitingBytes = 0;
  readonly #connection: StreamConnection<WebSocket>;
  readonly #stream: Duplex;
  readonly #flusher: TurnFlusher;
  #waiting: Waiting[] = [];
  #isAbandoned = false;
  /** What is sent now waits until {@link opened}. */
  #isOpening: boolean;

  /** @param isOpening - {@link opened} is to come */
  constructor(
    connection: StreamConnection<WebSocket>,
    stream: Duplex,
    flusher: TurnFlusher,
    isOpening: boolean,
  ) {
    this.#connection = connection;
    this.#stream = stream;
    this.#flusher = flusher;
    this.#isOpening = isOpening;
  }

  /** What came with the handshake has been read. */
  opened(): void {
    this.#isOpening = false;
    if (!this.isEmpty) this.#flusher.markMaker(this);
  }

  /** Nothing waits: what need not be compressed can be sent at once. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** What waits, in order. */
  get waiting(): readonly unknown[] {
    return this.#waiting;
  }

  /** Has `send` called in its turn; or `callback`, with an error, when the connection ends before. */
  push(byteLength: number, callback: WriteCallback | undefined, send: () => void): void {
    this.waitingBytes += byteLength;
    const isFirst = this.#waiting.push({ byteLength, callback, send }) === 1;
    if (isFirst && !this.#isOpening) this.#flusher.markMaker(this);
    if (this.#waiting.length >= MAX_WAITING) this.flush();
  }

  /** Sends what waits, if it can still be sent; it is written with what others send. */
  flush(): void {
    if (this.#isAbandoned || !this.#connection.isOpen || !this.#stream.writable) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { byteLength, send } of waiting) {
      this.waitingBytes -= byteLength;
      send();
    }
  }

  /** Nothing that waits is to be sent. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  /** Tells those that wait that the connection is gone. */
  end(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#isAbandoned = true;
    if (waiting.length === 0) return;
    const error = new Error('The socket was closed while data was being compressed');
    for (const { callback } of waiting) attempt(() => callback?.(error));
  }
}

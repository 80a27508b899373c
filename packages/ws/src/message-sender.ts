import { CloseCode } from '@hawser/protocol/websocket';
import type { ClientConnection } from './client-connection.ts';
import type { CloseStatus } from './client-target.ts';
import { setImmediate } from './event-loop.ts';

/**
 * Sends a client's messages in the order in which they were given, blobs among them, and counts what waits.
 * @see https://websockets.spec.whatwg.org/#dom-websocket-bufferedamount
 */
export class MessageSender {
  readonly #connection: ClientConnection<unknown>;
  readonly #onDrain: () => void;
  /** `close` was called and waits for blobs. */
  #isClosing = false;
  /** Payload bytes given to the connection since it last had nothing to write, but for those of this turn. */
  #unsentBytes = 0;
  /** Those of this turn, which all count: what compression made of them may be far less. */
  #turnBytes = 0;
  /** Payload bytes that came too late: the standard has them counted for ever. */
  #discardedBytes = 0;
  /** Bytes of blobs that are still being read and of what was sent behind them, and the end of that work. */
  #pendingBytes = 0;
  #blobs: Promise<void> | null = null;

  /** @param onDrain - is called when `bufferedAmount` is back at 0 */
  constructor(connection: ClientConnection<unknown>, onDrain: () => void) {
    this.#connection = connection;
    this.#onDrain = onDrain;
  }

  get isOpen(): boolean {
    return this.#connection.isOpen && !this.#isClosing;
  }

  /** Payload bytes that were given to `send` and have not reached the network yet. */
  get bufferedAmount(): number {
    const unsent = Math.min(this.#unsentBytes, this.#connection.bufferedBytes);
    return unsent + this.#turnBytes + this.#pendingBytes + this.#discardedBytes;
  }

  send(payload: string | Uint8Array | Blob, isCompressible = true): void {
    const byteLength = byteLengthOf(payload);
    if (!this.isOpen) this.#discardedBytes += byteLength;
    else if (payload instanceof Blob || this.#blobs !== null)
      this.#sendBehindBlobs(payload, byteLength, isCompressible);
    else this.#sendPayload(payload, byteLength, isCompressible);
  }

  /** What was sent before goes out before, blobs that are still being read included. */
  close(status: CloseStatus): void {
    if (this.#blobs === null) {
      this.#connection.close(status);
    } else if (!this.#isClosing) {
      this.#isClosing = true;
      this.#afterBlobs(async () => this.#connection.close(status));
    }
  }

  /** Looks whether anything still waits: to be called when the connection reports a drain. */
  checkDrain(): void {
    if (!this.#connection.isOpen) return;
    if (this.#connection.bufferedBytes > 0) {
      this.#connection.oweDrain();
      return;
    }
    this.#unsentBytes = 0;
    if (this.#turnBytes + this.#pendingBytes === 0) this.#onDrain();
  }

  #sendPayload(payload: string | Uint8Array, byteLength: number, isCompressible: boolean): void {
    if (this.#connection.send(payload, isCompressible) === 'closed') {
      this.#discardedBytes += byteLength;
      return;
    }
    if (byteLength === 0) return;
    // What is sent in one turn is written when the turn ends, and looked at once behind that.
    if (this.#turnBytes === 0) setImmediate(() => this.#endTurn());
    this.#turnBytes += byteLength;
  }

  #endTurn(): void {
    const isFirst = this.#unsentBytes === 0;
    this.#unsentBytes += this.#turnBytes;
    this.#turnBytes = 0;
    // Of earlier turns a drain is owed already.
    if (isFirst) this.checkDrain();
  }

  #sendBehindBlobs(payload: string | Uint8Array | Blob, byteLength: number, isCompressible: boolean): void {
    // The bytes are the caller's again once `send` returns.
    const kept = payload instanceof Uint8Array ? Uint8Array.from(payload) : payload;
    this.#pendingBytes += byteLength;
    this.#afterBlobs(async () => {
      const read = kept instanceof Blob ? new Uint8Array(await kept.arrayBuffer()) : kept;
      this.#pendingBytes -= byteLength;
      this.#sendPayload(read, byteLength, isCompressible);
    });
  }

  /** Runs `task` behind the blobs that are being read. A blob that cannot be read fails the connection. */
  #afterBlobs(task: () => Promise<void>): void {
    const turn: Promise<void> = (this.#blobs ?? Promise.resolve())
      .then(task)
      .catch(() => this.#connection.fail(CloseCode.INTERNAL_ERROR, 'a Blob could not be read'))
      .finally(() => {
        if (this.#blobs === turn) this.#blobs = null;
      });
    this.#blobs = turn;
  }
}

function byteLengthOf(payload: string | Uint8Array | Blob): number {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  return payload instanceof Blob ? payload.size : payload.length;
}

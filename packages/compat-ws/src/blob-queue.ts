import { attempt, type StreamConnection, throwLater, type WriteCallback } from '@hawser/ws/internal';
import { isBlob, toPayload } from './payload.ts';
import { byteLengthOf, readPayload } from './sender.ts';
import type { WebSocket } from './websocket.ts';

/** Keeps what a socket sends in order while a blob has to be read first. */
export class BlobQueue {
  /** Bytes of the payloads that wait here. */
  waitingBytes = 0;
  readonly #connection: StreamConnection<WebSocket>;
  readonly #onFailure: (error: Error) => void;
  #last: Promise<void> | null = null;
  /** Of those that wait here, in order. */
  #callbacks = new Set<{ readonly callback: WriteCallback | undefined }>();
  /** What is told behind a blob that is being read and was next to be sent; `null` where there is none. */
  #told: (() => void)[] | null = null;

  /** @param onFailure - told when a blob cannot be read, after its callback */
  constructor(connection: StreamConnection<WebSocket>, onFailure: (error: Error) => void) {
    this.#connection = connection;
    this.#onFailure = onFailure;
  }

  /** A blob is being read: whatever is sent now has to wait. */
  get isBusy(): boolean {
    return this.#last !== null;
  }

  /**
   * Calls `send` with the payload in its turn, or `callback` with why that cannot be.
   * @param isNext - nothing that was sent before waits elsewhere
   */
  submit(
    data: unknown,
    callback: WriteCallback | undefined,
    send: (payload: string | Uint8Array) => void,
    isNext: boolean,
  ): void {
    const byteLength = byteLengthOf(data);
    this.waitingBytes += byteLength;
    const waiting = { callback };
    this.#callbacks.add(waiting);
    const finish = (payload: string | Uint8Array): void => {
      this.waitingBytes -= byteLength;
      // It was behind a blob that could not be read.
      if (!this.#callbacks.delete(waiting)) return;
      if (this.#connection.isOpen) send(payload);
      else callback?.(new Error('The socket was closed while the blob was being read'));
    };
    if (!isBlob(data)) {
      this.run(() => finish(toPayload(data)));
      return;
    }
    if (isNext) this.#told ??= [];
    const read = (): Promise<void> =>
      new Promise((resolve) => {
        readPayload(data, (error, payload) => {
          const told = this.#told ?? [];
          this.#told = null;
          resolve();
          attempt(() => {
            if (error === null) finish(payload!);
            else this.#fail(error, byteLength);
          });
          for (const task of told) attempt(task);
        });
      });
    // Of a connection that is closing, only whether the first can be read is of interest.
    this.#append(() => (this.#connection.isOpen || this.#told !== null ? read() : finish('')));
  }

  /** Runs `task`: behind the blob that is being read, where that was next to be sent. */
  behindReading(task: () => void): void {
    if (this.#told === null) task();
    else this.#told.push(task);
  }

  /** Runs `task` in its turn, which may be now. */
  run(task: () => void): void {
    if (this.#last === null) task();
    else this.#append(task);
  }

  /** The first that waits cannot be read, and what is behind it will not be sent. */
  #fail(error: Error, byteLength: number): void {
    this.waitingBytes -= byteLength;
    const callbacks = this.#callbacks;
    this.#callbacks = new Set();
    for (const { callback } of callbacks) attempt(() => callback?.(error));
    this.#onFailure(error);
  }

  #append(task: () => void | Promise<void>): void {
    const turn: Promise<void> = (this.#last ?? Promise.resolve())
      .then(task)
      .catch(throwLater)
      .then(() => {
        if (this.#last === turn) this.#last = null;
      });
    this.#last = turn;
  }
}

import { type StreamConnection, throwLater, type WriteCallback } from '@hawser/ws/internal';
import { toPayload } from './payload.ts';
import { byteLengthOf, readPayload } from './sender.ts';
import type { WebSocket } from './websocket.ts';

/** Keeps what a socket sends in order while a blob has to be read first. */
export class BlobQueue {
  /** Bytes of the payloads that wait here. */
  waitingBytes = 0;
  readonly #connection: StreamConnection<WebSocket>;
  readonly #onFailure: (error: Error) => void;
  #last: Promise<void> | null = null;
  #isNext = false;

  /** @param onFailure - told when a blob cannot be read, after its callback */
  constructor(connection: StreamConnection<WebSocket>, onFailure: (error: Error) => void) {
    this.#connection = connection;
    this.#onFailure = onFailure;
  }

  /** A blob is being read: whatever is sent now has to wait. */
  get isBusy(): boolean {
    return this.#last !== null;
  }

  /** A blob is being read, and it was next to be sent. */
  get isReadingNext(): boolean {
    return this.#isNext;
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
    const finish = (payload: string | Uint8Array): void => {
      this.waitingBytes -= byteLength;
      if (this.#connection.isOpen) send(payload);
      else callback?.(new Error('The socket was closed while the blob was being read'));
    };
    if (!(data instanceof Blob)) {
      this.run(() => finish(toPayload(data)));
      return;
    }
    this.#isNext ||= isNext;
    const read = (): Promise<void> =>
      new Promise((resolve) => {
        readPayload(data, (error, payload) => {
          this.#isNext = false;
          resolve();
          if (error === null) {
            finish(payload!);
          } else {
            this.waitingBytes -= byteLength;
            callback?.(error);
            this.#onFailure(error);
          }
        });
      });
    this.#append(read);
  }

  /** Runs `task` in its turn, which may be now. */
  run(task: () => void): void {
    if (this.#last === null) task();
    else this.#append(task);
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

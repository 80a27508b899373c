import { WritableStream, type WritableStreamDefaultController } from 'node:stream/web';
import type { ClientConnection } from './client-connection.ts';
import { NO_CLOSE_STATUS } from './client-target.ts';
import { convertToPayload } from './data.ts';
import { Deferred } from './deferred.ts';
import type { WebSocketError } from './errors.ts';

/** The standard's controller: the types of Node 20 lack its signal. */
type Controller = WritableStreamDefaultController & { readonly signal: AbortSignal };

/** The sending side of a connection as a stream: a write is done when nothing waits in memory. */
export class MessageSink {
  readonly writable: WritableStream<unknown>;
  readonly #connection: ClientConnection<unknown>;
  #controller!: Controller;
  /** What waits: a write for its message to leave, or a stream that was closed for the end of the connection. */
  #waiting: Deferred<void> | null = null;
  #isClosed = false;

  /** @param onAbort - closes the connection at once */
  constructor(connection: ClientConnection<unknown>, onAbort: (reason: unknown) => void) {
    this.#connection = connection;
    this.writable = new WritableStream({
      start: (controller) => {
        const { signal } = (this.#controller = controller as Controller);
        // A write that waits for the server holds up `abort`, which has to go on without it.
        signal.addEventListener('abort', () => this.#giveUp(signal.reason));
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#close(),
      abort: onAbort,
    });
  }

  /** Takes in that what was queued has left. */
  drained(): void {
    if (!this.#isClosed) this.#waiting?.resolve();
  }

  /** Takes in that nothing more is to be sent. A write that waits still may end well. */
  stop(): void {
    if (!this.#isClosed) this.#controller.error(closedError());
  }

  /** Takes in that the connection is gone. */
  end(error: WebSocketError | null): void {
    if (error === null && this.#isClosed) {
      this.#waiting?.resolve();
      return;
    }
    const cause = error ?? closedError();
    this.#waiting?.reject(cause);
    this.#controller.error(cause);
  }

  #giveUp(reason: unknown): void {
    if (!this.#isClosed) this.#waiting?.reject(reason);
  }

  #write(chunk: unknown): Promise<void> | undefined {
    const result = this.#connection.send(convertToPayload(chunk));
    if (result === 'closed') throw closedError();
    return result === 'written' ? undefined : this.#wait();
  }

  #close(): Promise<void> {
    this.#isClosed = true;
    this.#connection.close(NO_CLOSE_STATUS);
    return this.#wait();
  }

  #wait(): Promise<void> {
    this.#waiting = new Deferred();
    return this.#waiting.promise;
  }
}

function closedError(): DOMException {
  return new DOMException('the connection is closing or closed', 'InvalidStateError');
}

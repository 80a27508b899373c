import { ReadableStream, type ReadableStreamDefaultController } from 'node:stream/web';
import type { WebSocketError } from './errors.ts';

/** What delivers messages while they are read. */
interface Deliverer {
  readerLagsBehind(): void;
  readerKeepsUp(): void;
}

/** The messages of a connection as a stream: while one waits to be read, the next are held back. */
export class MessageSource<Data> {
  readonly readable: ReadableStream<Data>;
  readonly #connection: Deliverer;
  #controller!: ReadableStreamDefaultController<Data>;
  #isDiscarding = false;
  #isCancelled = false;
  #error: WebSocketError | null = null;

  /** @param onCancel - closes the connection; messages that still come in are given to nobody */
  constructor(connection: Deliverer, onCancel: (reason: unknown) => void) {
    this.#connection = connection;
    this.readable = new ReadableStream<Data>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: (controller) => {
        if (this.#error === null) connection.readerKeepsUp();
        else controller.error(this.#error);
      },
      cancel: (reason) => {
        this.#isCancelled = true;
        this.discard();
        onCancel(reason);
      },
    });
  }

  push(data: Data): void {
    if (this.#isDiscarding) return;
    this.#controller.enqueue(data);
    if (!this.#hasRoom) this.#connection.readerLagsBehind();
  }

  /** Takes no more messages, so that the connection does not wait for a reader. */
  discard(): void {
    this.#isDiscarding = true;
    this.#connection.readerKeepsUp();
  }

  /** Ends the stream behind what waits in it. */
  end(error: WebSocketError | null): void {
    this.#isDiscarding = true;
    this.#error = error;
    if (this.#isCancelled) return;
    if (error === null) this.#controller.close();
    // An error would push out what waits: it comes behind that.
    else if (this.#hasRoom) this.#controller.error(error);
  }

  get #hasRoom(): boolean {
    return (this.#controller.desiredSize ?? 0) > 0;
  }
}

import { Input, type InputHandler } from './input.ts';
import type { ConnectionConfig } from './options.ts';

/**
 * What a connection has been sent, from the socket's chunks to its handler: holds back what comes after a pause, and
 * keeps going when a listener throws.
 */
export class Inbound {
  isPaused = false;
  readonly #input: Input;
  /** Chunks that were not read to their end; the first from `#readAt` on. */
  #unread: Buffer[] = [];
  #readAt = 0;
  #isStopped = false;
  /** A listener threw, or may still be added: what is left is read in the next turn. */
  #isInterrupted = false;

  constructor(handler: InputHandler, config: ConnectionConfig, expectsMask: boolean) {
    this.#input = new Input(handler, config, expectsMask);
  }

  /** Takes in a chunk, and reads on as far as nothing holds it back. */
  receive(chunk: Buffer): void {
    if (this.#isStopped) return;
    this.#unread.push(chunk);
    this.#readOn();
  }

  /** Takes in a chunk that is read in the next turn, and whatever comes until then behind it. */
  receiveLater(chunk: Buffer): void {
    this.#unread.push(chunk);
    this.#interrupt();
  }

  pause(): void {
    this.isPaused = true;
    this.#input.stop();
  }

  resume(): void {
    this.isPaused = false;
    this.#readOn();
  }

  /** Forgets what is left: nothing more is delivered. */
  stop(): void {
    this.#isStopped = true;
    this.#input.stop();
    this.#unread = [];
  }

  /**
   * Runs listeners. What they throw surfaces as an uncaught exception, before anything else is delivered; if the
   * program survives that, so does the connection.
   * @returns whether they returned
   */
  attempt(listeners: () => void): boolean {
    try {
      listeners();
      return true;
    } catch (error) {
      this.#input.stop();
      process.nextTick(() => {
        throw error;
      });
      this.#interrupt();
      return false;
    }
  }

  #interrupt(): void {
    this.#isInterrupted = true;
    setImmediate(() => {
      this.#isInterrupted = false;
      this.#readOn();
    });
  }

  #readOn(): void {
    while (!this.isPaused && !this.#isInterrupted && this.#unread.length > 0) {
      const chunk = this.#unread[0]!;
      this.#readAt = this.#input.read(chunk, this.#readAt);
      if (this.#readAt < chunk.length) break;
      this.#unread.shift();
      this.#readAt = 0;
    }
  }
}

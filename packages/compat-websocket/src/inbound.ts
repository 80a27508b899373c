import { Input, type InputHandler } from './input.ts';
import type { ConnectionConfig } from './options.ts';

/** What an {@link Inbound} reports. */
export interface InboundHandler extends InputHandler {
  /** Runs what reads, and writes what that provokes. */
  read(action: () => void): void;
  /** Nothing comes behind what was reported. */
  onInputEnd(): void;
}

/**
 * What a connection has been sent, from the socket's chunks to its handler: holds back what comes after a pause, and what
 * comes after an event until the promise reactions to it have run, and keeps going when a listener throws.
 */
export class Inbound {
  isPaused = false;
  readonly #handler: InboundHandler;
  readonly #input: Input;
  /** Chunks that were not read to their end; the first from `#readAt` on. */
  #unread: Buffer[] = [];
  #readAt = 0;
  #isStopped = false;
  #isEnded = false;
  /** Listeners were called since it was last read on. */
  #hasReported = false;
  /** How much has to happen before what is left is read: listeners may still be added, one threw, reactions run. */
  #interruptions = 0;

  constructor(handler: InboundHandler, config: ConnectionConfig, expectsMask: boolean) {
    this.#handler = handler;
    this.#input = new Input(handler, config, expectsMask);
  }

  /** What is left is read soon, by itself. */
  get isInterrupted(): boolean {
    return this.#interruptions > 0;
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
    this.#interrupt(setImmediate);
  }

  /** Nothing comes behind what is left. */
  receiveEnd(): void {
    this.#isEnded = true;
    this.#readOn();
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
    this.#input.stop();
    this.#hasReported = true;
    try {
      listeners();
      return true;
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
      this.#interrupt(setImmediate);
      return false;
    }
  }

  #interrupt(schedule: (readOn: () => void) => void): void {
    this.#interruptions++;
    schedule(() => {
      this.#interruptions--;
      this.#handler.read(() => this.#readOn());
    });
  }

  #readOn(): void {
    this.#hasReported = false;
    while (this.#mayRead && this.#unread.length > 0) {
      const chunk = this.#unread[0]!;
      this.#readAt = this.#input.read(chunk, this.#readAt);
      if (this.#readAt < chunk.length) break;
      this.#unread.shift();
      this.#readAt = 0;
    }
    if (this.#hasReported && this.#unread.length > 0) this.#interrupt(afterReactions);
    const isAllRead = this.#unread.length === 0 && this.#interruptions === 0;
    if (this.#isEnded && isAllRead) this.#handler.onInputEnd();
  }

  get #mayRead(): boolean {
    return !this.isPaused && !this.#hasReported && this.#interruptions === 0;
  }
}

/** A tick that a microtask asks for comes when no microtask is left, and before anything else is read. */
function afterReactions(readOn: () => void): void {
  queueMicrotask(() => process.nextTick(readOn));
}

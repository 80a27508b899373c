import type { Duplex } from 'node:stream';
import type { Connection } from '@hawser/protocol/websocket';
import type { Deflation } from './compression/compressor.ts';
import type { InflateFault } from './compression/deflate.ts';
import type { CancelJob } from './compression/job-queue.ts';
import { nextTick, setImmediate } from './event-loop.ts';
import { pauseStream } from './shared-reads.ts';

/** Why delivery is held back; several reasons may hold at once. */
const HOLD = Object.freeze({ USER: 1, SLOW_CONSUMER: 2, INFLATING: 4, REACTIONS: 8, TURN: 16, READER: 32 });

/** Whose messages are delivered. */
export interface DeliveryHost {
  /** Runs what may call the user's handlers, and writes what it sent. */
  read(run: () => void): void;
  /** Nothing holds delivery back any more, and what waited was delivered. */
  onReleased(): void;
  /** Nothing but the user holds delivery back any more. */
  onLeftToUser(): void;
}

/**
 * Holds back the messages of one connection, and what its stream has to read: while the user has paused, while a
 * stream's reader or the peer does not read, while a message is inflated on another thread, while promise reactions to
 * the one before have to run, or the rest of the turn.
 */
export class Delivery {
  readonly #machine: Connection;
  readonly #stream: Duplex;
  readonly #host: DeliveryHost;
  /** A sum of {@link HOLD}. */
  #holds = 0;
  #cancelInflation: CancelJob | null = null;
  /** The stream is gone: the user has no say any more. */
  #isFinishing = false;

  constructor(machine: Connection, stream: Duplex, host: DeliveryHost) {
    this.#machine = machine;
    this.#stream = stream;
    this.#host = host;
  }

  /** The user has paused, and there is no other reason. */
  get isPausedByUser(): boolean {
    return this.#holds === HOLD.USER;
  }

  /** What the peer sends may wait unread through no fault of its own. */
  get isDeaf(): boolean {
    return (this.#holds & (HOLD.USER | HOLD.READER | HOLD.INFLATING)) > 0;
  }

  /** Holds messages back until `resume`, or until `finish` begins. */
  pause(): void {
    if (!this.#isFinishing) this.#hold(HOLD.USER);
  }

  /** Delivers again, though nothing within this call. */
  resume(): void {
    this.#resume(HOLD.USER);
  }

  /** Holds messages back until `readerKeepsUp`, whatever the user does. */
  readerLagsBehind(): void {
    this.#hold(HOLD.READER);
  }

  /** Delivers again as {@link resume} does, unless the user has paused. */
  readerKeepsUp(): void {
    this.#resume(HOLD.READER);
  }

  /** Reads nothing more from a peer that does not read, until `peerKeepsUp`. */
  peerLagsBehind(): void {
    this.#hold(HOLD.SLOW_CONSUMER);
  }

  peerKeepsUp(): void {
    this.#release(HOLD.SLOW_CONSUMER);
  }

  /** Holds back the next message until the promise reactions to this one have run, which may pause and resume. */
  letReactionsRun(): void {
    if (this.#holds & HOLD.REACTIONS) return;
    this.#holds |= HOLD.REACTIONS;
    this.#machine.pause();
    // A tick that a microtask asks for comes when no microtask is left, and before anything else is read. Those of a promise
    // are never fake.
    Promise.resolve().then(() => nextTick(() => this.#release(HOLD.REACTIONS)));
  }

  /** Holds back the next message until this turn of the event loop is over. */
  letTurnEnd(): void {
    if (this.#holds & HOLD.TURN) return;
    this.#hold(HOLD.TURN);
    setImmediate(() => this.#release(HOLD.TURN));
  }

  /** Returns what a compressed message was made of; `null` where it fails, or is delivered later. */
  inflate(deflation: Deflation, data: Uint8Array, isBinary: boolean, maxBytes: number): Uint8Array | null {
    const inflated = deflation.inflate(data, maxBytes);
    if (inflated instanceof Uint8Array) return inflated;
    if (inflated !== null) {
      this.#machine.violate(inflated);
    } else {
      this.#hold(HOLD.INFLATING);
      const done = (result: Uint8Array | InflateFault) => this.#inflated(result, isBinary);
      this.#cancelInflation = deflation.inflateLater(data, maxBytes, done);
    }
    return null;
  }

  /**
   * Delivers what came before the stream was gone, though the user has paused.
   * @returns `false` where something else has to be waited for: then `onReleased` follows
   */
  finish(): boolean {
    this.#isFinishing = true;
    this.#holds &= HOLD.INFLATING | HOLD.REACTIONS | HOLD.TURN;
    if (this.#holds > 0) return false;
    this.#host.read(() => {
      this.#machine.resume();
      for (let rest = this.#stream.read(); rest !== null; rest = this.#stream.read()) {
        this.#machine.receive(rest);
      }
    });
    return this.#holds === 0;
  }

  /** Nothing is delivered any more. */
  stop(): void {
    this.#cancelInflation?.();
    this.#cancelInflation = null;
    this.#holds = 0;
  }

  #hold(reason: number): void {
    this.#holds |= reason;
    this.#machine.pause();
    if ((this.#holds & HOLD.REACTIONS) === 0) pauseStream(this.#stream);
  }

  #resume(reason: number): void {
    if ((this.#holds & reason) === 0) return;
    this.letReactionsRun();
    this.#release(reason);
    if (this.#holds === HOLD.REACTIONS) this.#stream.resume();
  }

  #release(reason: number): void {
    if ((this.#holds & reason) === 0) return;
    this.#holds &= ~reason;
    if (this.#holds === 0) {
      if (this.#stream.isPaused()) this.#stream.resume();
      this.#host.read(() => this.#machine.resume());
      if (this.#holds === 0) this.#host.onReleased();
    } else if (reason === HOLD.REACTIONS && this.#machine.isPaused) {
      pauseStream(this.#stream);
    }
    if (this.isPausedByUser) this.#host.onLeftToUser();
  }

  #inflated(result: Uint8Array | InflateFault, isBinary: boolean): void {
    this.#cancelInflation = null;
    this.#host.read(() => {
      if (typeof result === 'string') this.#machine.violate(result);
      else this.#machine.deliver(result, isBinary);
    });
    this.#release(HOLD.INFLATING);
  }
}

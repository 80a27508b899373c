import { Countdown } from './countdown.ts';
import type { Packet } from './packet.ts';
import { isProbe, sendProbe, type UpgradeFailure, type UpgradeHandler } from './upgrade.ts';

const PROBING = 0;
const FLUSHING = 1;
const DONE = 2;

/** How often a waiting poll is answered, so that the client can come to rest. */
const FLUSH_INTERVAL_MS = 100;

/** What a server's upgrade calls. */
export interface ServerUpgradeHandler extends UpgradeHandler {
  /** The client's probe came and was answered. */
  onUpgrading(): void;
  /** If a poll waits, answer it with a `noop` packet, so that the client can stop polling. */
  flushPolling(): void;
}

/**
 * The server's half of moving a session from polling to a better transport.
 *
 * | state             | event                    | next     | calls                                                 |
 * | ----------------- | ------------------------ | -------- | ----------------------------------------------------- |
 * | probing           | ping `probe`             | flushing | `sendProbe('pong', 'probe')`, `onUpgrading`, `flushPolling` |
 * | flushing          | ping `probe`             | flushing | `sendProbe('pong', 'probe')`                          |
 * | flushing          | the next poll waits      | flushing | `flushPolling`                                        |
 * | flushing          | 100 ms passed            | flushing | `flushPolling`                                        |
 * | probing, flushing | upgrade packet           | done     | `onUpgraded`                                          |
 * | probing, flushing | other packet, end, time  | done     | `onUpgradeFailed`                                     |
 * | any               | `abandon()`              | done     |                                                       |
 *
 * Until `onUpgraded` the session goes on over polling in both directions.
 * @see https://socket.io/docs/v4/engine-io-protocol/
 */
export class ServerUpgrade {
  readonly #handler: ServerUpgradeHandler;
  readonly #countdown: Countdown;
  #untilFlush = new Countdown(FLUSH_INTERVAL_MS);
  #state = PROBING;
  /** The poll that comes next is answered at once: it was on its way, or passed the answer to the probe. */
  #answersNextPoll = true;

  /** @param timeoutMs - from the first tick, with which the new transport is open, to the end of the upgrade */
  constructor(handler: ServerUpgradeHandler, timeoutMs: number) {
    this.#handler = handler;
    this.#countdown = new Countdown(timeoutMs);
  }

  /** Takes in a packet that came over the new transport. */
  receivePacket(packet: Packet): void {
    if (this.#state === DONE) return;
    if (packet.type === 'upgrade') {
      this.#state = DONE;
      this.#handler.onUpgraded();
    } else if (isProbe(packet, 'ping')) {
      this.#answerProbe();
    } else {
      this.#fail('unexpected packet');
    }
  }

  /** Takes in that a poll waits, with nothing to answer it. */
  pollWaits(): void {
    if (this.#state !== FLUSHING || !this.#answersNextPoll) return;
    this.#answersNextPoll = false;
    this.#flush();
  }

  /** Takes in that the new transport ended. */
  transportClosed(): void {
    this.#fail('closed');
  }

  /** Takes in that the session ended. */
  abandon(): void {
    this.#state = DONE;
  }

  /** Takes in that time passed. */
  tick(nowMs: number): void {
    if (this.#state === DONE) return;
    if (this.#countdown.tick(nowMs)) {
      this.#fail('timeout');
    } else if (this.#state === FLUSHING && this.#untilFlush.tick(nowMs)) {
      this.#flush();
      this.#untilFlush.tick(nowMs);
    }
  }

  /** Returns when `tick` has to be called next: a time of its clock, `-Infinity` for at once, `Infinity` for never. */
  nextDeadline(): number {
    if (this.#state === DONE) return Number.POSITIVE_INFINITY;
    const { endMs } = this.#countdown;
    return this.#state === FLUSHING ? Math.min(endMs, this.#untilFlush.endMs) : endMs;
  }

  #answerProbe(): void {
    const isFirst = this.#state === PROBING;
    this.#state = FLUSHING;
    sendProbe(this.#handler, 'pong');
    if (!isFirst) return;
    this.#handler.onUpgrading();
    this.#flush();
  }

  #flush(): void {
    this.#untilFlush = new Countdown(FLUSH_INTERVAL_MS);
    this.#handler.flushPolling();
  }

  #fail(reason: UpgradeFailure): void {
    if (this.#state === DONE) return;
    this.#state = DONE;
    this.#handler.onUpgradeFailed(reason);
  }
}

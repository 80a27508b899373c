import { nextTick } from '#platform';
import { Clock, startTimer, type Timer, type Timers } from './timers.ts';

/** A tick that comes later than this says that the program, or the timers of this tab or machine, stood still. */
const LATE_MS = 50;
/** How long it may take then to read what came meanwhile. */
const GRACE_MS = 1000;

/** Whose session it is. */
export interface HeartbeatHost extends Timers {
  /** Nothing was heard for too long. */
  onSilence(): void;
  /** After a doubt whether the server is still there, something came. */
  onRevived(): void;
}

/**
 * Watches that the server is there: any traffic is a sign of life. A timer that fires late is no proof of silence, as
 * what came meanwhile may wait to be read: it leaves the server another second.
 */
export class Heartbeat {
  /** When silence is too long, by `clock`. */
  deadlineMs: number = Number.POSITIVE_INFINITY;
  readonly clock = new Clock();
  readonly #host: HeartbeatHost;
  readonly #autoUnref: boolean | undefined;
  #maxSilenceMs = Number.POSITIVE_INFINITY;
  #timer: Timer;
  #isInDoubt = false;
  #isForgiven = false;

  constructor(host: HeartbeatHost, autoUnref: boolean | undefined) {
    this.#host = host;
    this.#autoUnref = autoUnref;
  }

  /** Begins to watch. */
  start(maxSilenceMs: number): void {
    this.#maxSilenceMs = maxSilenceMs;
    this.markAlive();
    this.#schedule();
  }

  stop(): void {
    this.#host.clearTimeoutFn(this.#timer);
    this.deadlineMs = Number.POSITIVE_INFINITY;
  }

  /** Takes in that something came. */
  markAlive(): void {
    this.deadlineMs = this.clock.now() + this.#maxSilenceMs;
    this.#isForgiven = false;
    if (!this.#isInDoubt) return;
    this.#isInDoubt = false;
    this.#host.onRevived();
  }

  /** Tells whether the server may be gone, although no timer has fired since, as in a tab in the background. */
  hasExpired(): boolean {
    if (!this.#isInDoubt && this.clock.now() >= this.deadlineMs) {
      this.#isInDoubt = true;
      nextTick(() => this.#tick());
    }
    return this.#isInDoubt;
  }

  #tick(): void {
    const nowMs = this.clock.now();
    const lateMs = nowMs - this.deadlineMs;
    if (lateMs > LATE_MS && !this.#isForgiven) {
      this.#isForgiven = this.#isInDoubt = true;
      this.deadlineMs = nowMs + GRACE_MS;
    } else if (lateMs >= 0) {
      this.#host.onSilence();
      return;
    }
    this.#schedule();
  }

  #schedule(): void {
    const delayMs = this.deadlineMs - this.clock.now();
    this.#host.clearTimeoutFn(this.#timer);
    // It was stopped.
    if (delayMs === Number.POSITIVE_INFINITY) return;
    this.#timer = startTimer(this.#host, () => this.#tick(), delayMs, this.#autoUnref);
  }
}

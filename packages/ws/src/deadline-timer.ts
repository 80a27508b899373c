import { setLongTimeout } from './timeout.ts';

/** Something with one deadline of its own, which may move. */
export interface Deadlined {
  tick(nowMs: number): void;
  /** A time of the clock of `tick`; `-Infinity` for at once, `Infinity` for never. */
  nextDeadline(): number;
}

/** Keeps one connection's deadlines to the millisecond, as a client does; a server sweeps. */
export class DeadlineTimer {
  readonly #target: Deadlined;
  #timer: NodeJS.Timeout | null = null;

  constructor(target: Deadlined) {
    this.#target = target;
  }

  /**
   * Sets the timer anew. To be called when the deadline may have moved closer. Never ticks within the call: a tick
   * writes what waits, and that is for the end of the turn.
   */
  schedule(): void {
    this.stop();
    const deadlineMs = this.#target.nextDeadline();
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setLongTimeout(() => {
      this.#target.tick(now());
      this.schedule();
    }, deadlineMs - now());
    // The connection keeps the process alive, unless it was told not to.
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function now(): number {
  return Math.floor(performance.now());
}

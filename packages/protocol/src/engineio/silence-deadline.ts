const NEVER = Number.POSITIVE_INFINITY;

/** A tick that is this late says that nobody looked at the clock for a while, and so not at the input either. */
const LATE_MS = 1000;

/**
 * The time by which something has to be heard.
 *
 * A browser throttles the timers of a tab in the background, a process may have been busy or asleep: a late tick
 * can come before the input that waits. So it declares nothing, once; it puts the deadline off by a second, in
 * which that input is read.
 */
export class SilenceDeadline {
  #atMs = NEVER;
  #isExtended = false;
  #isDoubted = false;

  get atMs(): number {
    return this.#atMs;
  }

  /** Demands a sign of life by `atMs`; `Infinity` for no demand. */
  set(atMs: number): void {
    this.#atMs = atMs;
    this.#isExtended = false;
    this.#isDoubted = false;
  }

  /** Returns when doubt is due, `aheadMs` before the deadline; `Infinity` once it was reported. */
  doubtAtMs(aheadMs: number): number {
    return this.#isDoubted ? NEVER : this.#atMs - aheadMs;
  }

  /** Tells, once, that the silence has lasted so long that only `aheadMs` are left. */
  takeDoubt(nowMs: number, aheadMs: number): boolean {
    if (nowMs < this.doubtAtMs(aheadMs)) return false;
    this.#isDoubted = true;
    return true;
  }

  /** Tells whether the silence has lasted too long. */
  hasPassed(nowMs: number): boolean {
    if (nowMs < this.#atMs) return false;
    if (this.#isExtended || nowMs - this.#atMs <= LATE_MS) return true;
    this.#isExtended = true;
    this.#atMs = nowMs + LATE_MS;
    return false;
  }
}

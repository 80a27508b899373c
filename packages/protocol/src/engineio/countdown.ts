const AT_NEXT_TICK = Number.NEGATIVE_INFINITY;

/** A time limit that the first tick starts, as the machines have no clock of their own. */
export class Countdown {
  readonly #limitMs: number;
  /** When `tick` has to be called next: a time of its clock, `-Infinity` for at once. */
  endMs: number = AT_NEXT_TICK;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Takes in that time passed, and tells whether it is up. */
  tick(nowMs: number): boolean {
    if (this.endMs !== AT_NEXT_TICK) return nowMs >= this.endMs;
    this.endMs = nowMs + this.#limitMs;
    return false;
  }
}

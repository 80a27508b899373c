import { inOwnContext } from './async-context.ts';

/** No sweep is rarer than this, so that a clock that was set to hours is still kept. */
const MAX_PERIOD_MS = 5_000;
const MIN_PERIOD_MS = 5;

/**
 * Tells the time to everything with a deadline, four times within the shortest of `timeoutsMs`.
 *
 * One timer for all: a timer for each connection would cost an idle one some 200 bytes, and work at each chunk.
 * It does not keep the process alive.
 */
export class Sweeper {
  /** Time between two sweeps. */
  readonly periodMs: number;
  readonly #sweep: (nowMs: number) => void;
  #timer: NodeJS.Timeout | null = null;

  /** @param timeoutsMs - zeroes do not count */
  constructor(timeoutsMs: readonly number[], sweep: (nowMs: number) => void) {
    const shortestMs = Math.min(...timeoutsMs.filter((timeoutMs) => timeoutMs > 0));
    this.periodMs = Math.min(Math.max(shortestMs / 4, MIN_PERIOD_MS), MAX_PERIOD_MS);
    this.#sweep = sweep;
  }

  start(): void {
    this.#timer ??= inOwnContext(() =>
      setInterval(() => this.#sweep(Math.floor(performance.now())), this.periodMs).unref(),
    );
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

import { globals } from './globals.ts';

/** Taken before a test can put a clock of its own in their place. */
const native = { setTimeout, clearTimeout };

/** Somebody's timers. */
export interface Timers {
  setTimeoutFn: typeof setTimeout;
  clearTimeoutFn: typeof clearTimeout;
}

/** Gives `target` the timers of the moment, or with `useNativeTimers` those from before anybody changed them. */
export function installTimerFunctions(target: object, options: { useNativeTimers?: boolean }): void {
  const timers = target as Timers;
  const source = options.useNativeTimers ? native : globals;
  timers.setTimeoutFn = source.setTimeout.bind(globals);
  timers.clearTimeoutFn = source.clearTimeout.bind(globals);
}

/** A timer, which in Node can be told not to keep the process alive. */
export type Timer = ReturnType<typeof setTimeout> | undefined;

/** The longest delay of a timer: a longer one would be over at once. */
const MAX_DELAY_MS = 0x7fffffff;

/** Starts a timer of `timers`; with `autoUnref` it does not keep a Node process alive. */
export function startTimer(timers: Timers, run: () => void, delayMs: number, autoUnref?: boolean): Timer {
  const timer = timers.setTimeoutFn(run, Math.min(delayMs, MAX_DELAY_MS));
  if (autoUnref) (timer as { unref?: () => void }).unref?.();
  return timer;
}

/**
 * A clock for heartbeats. It goes on while the machine sleeps, which `performance.now` does not everywhere, and
 * never back, as `Date.now` does when somebody sets the time.
 */
export class Clock {
  #elapsedMs = 0;
  #lastMs = Date.now();

  now(): number {
    const nowMs = Date.now();
    this.#elapsedMs += Math.max(nowMs - this.#lastMs, 0);
    this.#lastMs = nowMs;
    return this.#elapsedMs;
  }
}

import { guard } from './engine/guard.ts';
import { startTimer, type Timer, type Timers } from './engine/timers.ts';
import type { AnyArguments, AnyListener } from './events.ts';

/** Somebody who waits for an answer. */
interface Waiting {
  readonly callback: AnyListener;
  /** Takes an error first, and so is told when there will be no answer. */
  readonly takesError: boolean;
  readonly timer: Timer;
}

/** The answers that a socket waits for. Each settles once: with the answer, when its time is up, or at the disconnect. */
export class Acknowledgements {
  /** By the id of the answer. */
  readonly waiting = new Map<number, Waiting>();
  readonly #timers: Timers;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** @param onTimeout - called when the time was up, before the callback is told */
  add(
    id: number,
    callback: AnyListener,
    takesError: boolean,
    timeoutMs: number | undefined,
    onTimeout: () => void,
  ): void {
    const run = () => {
      onTimeout();
      this.#fail(id, 'operation has timed out');
    };
    this.#take(id);
    const timer = timeoutMs === undefined ? undefined : startTimer(this.#timers, run, timeoutMs);
    this.waiting.set(id, { callback, takesError: takesError || timeoutMs !== undefined, timer });
  }

  /** Takes in an answer; one that nobody waits for is dropped. */
  settle(id: number, args: AnyArguments): void {
    const waiting = this.#take(id);
    waiting?.callback(...(waiting.takesError ? [null, ...args] : args));
  }

  /** Takes in that no answer will come, but to those that are still to be sent. */
  disconnect(isUnsent: (id: number) => boolean): void {
    for (const id of [...this.waiting.keys()]) {
      if (!isUnsent(id)) guard(() => this.#fail(id, 'socket has been disconnected'));
    }
  }

  #fail(id: number, message: string): void {
    const waiting = this.#take(id);
    if (waiting?.takesError) waiting.callback(new Error(message));
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    this.#timers.clearTimeoutFn(waiting?.timer);
    return waiting;
  }
}

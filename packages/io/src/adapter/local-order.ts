import type { Eventually } from './adapter.ts';

/**
 * Keeps what is done to the sockets of this server in the order in which it was asked for, where some of it has to
 * wait for a broker. While nothing does, everything is done at once.
 */
export class LocalOrder {
  #last: Promise<unknown> | null = null;

  /** Does it now, or when what waits has been done. */
  run(action: () => Eventually): Eventually {
    return this.#last === null ? action() : this.runAfter(undefined, action);
  }

  /** Does it when `ready` is fulfilled, which never fails, and what waits has been done. */
  runAfter<T>(ready: Promise<T> | T, action: (value: T) => Eventually): Promise<void> {
    const turn = Promise.all([ready, this.#last]).then(([value]) => {
      if (this.#last === settled) this.#last = null;
      return action(value);
    });
    // What an action throws is its caller's, and does not stop what comes behind.
    const settled: Promise<unknown> = turn.catch(() => undefined);
    this.#last = settled;
    return turn;
  }
}

import type { AnyFunction } from './typed-events.ts';

/** Listeners for all events of one direction, whatever their names. */
export class AnyListeners {
  #listeners: readonly AnyFunction[] = [];

  get size(): number {
    return this.#listeners.length;
  }

  append(listener: AnyFunction): void {
    this.#listeners = [...this.#listeners, listener];
  }

  prepend(listener: AnyFunction): void {
    this.#listeners = [listener, ...this.#listeners];
  }

  /** Removes one listener where it was added first, or all. */
  remove(listener: AnyFunction | undefined): void {
    if (listener === undefined) {
      this.#listeners = [];
      return;
    }
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners = this.#listeners.toSpliced(at, 1);
  }

  toArray(): AnyFunction[] {
    return [...this.#listeners];
  }

  /** Calls all; those that are added or removed meanwhile count from the next event on. */
  call(self: unknown, args: readonly unknown[]): void {
    for (const listener of this.#listeners) listener.call(self, ...args);
  }
}

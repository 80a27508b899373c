import type { AnyListener, AnyValue } from './events.ts';

/** Listeners to all events of one direction. */
export class CatchAll {
  listeners: AnyListener[] = [];

  remove(listener: AnyListener | undefined): void {
    if (listener === undefined) {
      this.listeners = [];
      return;
    }
    const index = this.listeners.indexOf(listener);
    if (index >= 0) this.listeners.splice(index, 1);
  }

  call(args: ReadonlyArray<AnyValue>): void {
    for (const listener of [...this.listeners]) listener(...args);
  }
}

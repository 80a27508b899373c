import { AsyncResource } from 'node:async_hooks';

const own = new AsyncResource('HAWSER');

/**
 * Runs what many share: a timer, a flush at the end of a turn, a state that is kept. In the context of whoever needed it
 * first, it would keep what is in the program's `AsyncLocalStorage` there, and show it to all others.
 */
export function inOwnContext<T>(run: () => T): T {
  return own.runInAsyncScope(run);
}

/** Returns `callback`, to be called in the context of now, wherever it is called from. */
export function inThisContext<Args extends unknown[]>(
  callback: (...args: Args) => void,
): (...args: Args) => void {
  const resource = new AsyncResource('HAWSER_CALLBACK');
  return (...args) => resource.runInAsyncScope(callback, undefined, ...args);
}

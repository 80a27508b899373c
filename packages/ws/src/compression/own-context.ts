import { AsyncResource } from 'node:async_hooks';

const resource = new AsyncResource('HAWSER_COMPRESSION');

/**
 * Runs what makes something that outlives what it is made for. Made in the context of the message that needs it, it
 * would keep what is in the program's `AsyncLocalStorage` there.
 */
export function inOwnContext<T>(run: () => T): T {
  return resource.runInAsyncScope(run);
}

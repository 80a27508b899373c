import { nextTick } from './event-loop.ts';

/** Has `error` surface as an uncaught exception, from a stack on which nothing is left half done. */
export function throwLater(error: unknown): void {
  nextTick(throwNow, error);
}

function throwNow(error: unknown): never {
  throw error;
}

/** Runs what is the program's: what it throws is uncaught, and does not stop what comes behind. */
export function attempt(run: () => void): void {
  try {
    run();
  } catch (error) {
    throwLater(error);
  }
}

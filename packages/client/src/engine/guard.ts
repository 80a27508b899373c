import { queueMicrotask } from './timers.ts';

/** Runs what calls listeners: what one throws is uncaught, and does not keep what comes behind from being done. */
export function guard(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

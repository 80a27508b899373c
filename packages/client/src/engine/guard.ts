import { globals } from './globals.ts';

/** Taken before a test can put a clock of its own in its place. */
const { queueMicrotask } = globals;

/** Runs what calls listeners: what one throws is uncaught, and does not keep what comes behind from being done. */
export function guard(run: () => void): void {
  try {
    run();
  } catch (error) {
    let left = 1;
    const rethrow = () => {
      if (left--) throw error;
    };
    queueMicrotask(rethrow);
    // Where microtasks were fake before, it is a rejection that nobody handles.
    Promise.resolve().then(rethrow);
  }
}

/** Runs `run` when what runs now is done: by what no clock of a test's takes the place of, however early. */
export async function defer(run: () => void): Promise<void> {
  await undefined;
  guard(run);
}

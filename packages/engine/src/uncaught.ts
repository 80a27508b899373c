/** Has an error be uncaught, as what a listener throws is with every emitter, but not in the midst of others' work. */
export function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

/** Runs what is the program's: what it throws does not stop what comes behind. */
export function attempt(run: () => void): void {
  try {
    run();
  } catch (error) {
    throwLater(error);
  }
}

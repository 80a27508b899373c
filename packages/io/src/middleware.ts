/** Decides on something, and calls `next`, with an error to turn it away. */
export type Middleware<Subject> = (subject: Subject, next: (error?: Error) => void) => void;

/**
 * Has middlewares judge `subject`, one after another, until one has an error.
 * @param done - called at once where there are none
 */
export function runMiddlewares<Subject>(
  middlewares: readonly Middleware<Subject>[],
  subject: Subject,
  done: (error: Error | null) => void,
): void {
  if (middlewares.length === 0) {
    done(null);
    return;
  }
  const list = [...middlewares];
  const runFrom = (at: number): void => {
    const middleware = list[at];
    if (middleware === undefined) {
      done(null);
      return;
    }
    middleware(subject, (error) => {
      if (error) done(error);
      else runFrom(at + 1);
    });
  };
  runFrom(0);
}

/** Starts something that takes its time; it calls `done` once. */
export type Job = (done: () => void) => void;

/** Takes back a job that was not started yet; does nothing where it was. */
export type CancelJob = () => void;

/** Runs so many jobs at a time, the others in the order in which they came. */
export class JobQueue {
  readonly #maxRunning: number;
  readonly #waiting = new Set<Job>();
  #running = 0;

  constructor(maxRunning: number) {
    this.#maxRunning = maxRunning;
  }

  run(job: Job): CancelJob {
    this.#waiting.add(job);
    this.#start();
    return () => this.#waiting.delete(job);
  }

  #start(): void {
    for (const job of this.#waiting) {
      if (this.#running >= this.#maxRunning) return;
      this.#waiting.delete(job);
      this.#running++;
      job(() => {
        this.#running--;
        this.#start();
      });
    }
  }
}

/** Starts something that takes its time; it calls `done` once. */
export type Job = (done: () => void) => void;

/** Runs so many jobs at a time, the others in the order in which they came. */
export class JobQueue {
  readonly #maxRunning: number;
  readonly #waiting: Job[] = [];
  #running = 0;

  constructor(maxRunning: number) {
    this.#maxRunning = maxRunning;
  }

  run(job: Job): void {
    this.#waiting.push(job);
    this.#start();
  }

  #start(): void {
    while (this.#running < this.#maxRunning) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      this.#running++;
      job(() => {
        this.#running--;
        this.#start();
      });
    }
  }
}

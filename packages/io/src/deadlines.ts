import { AsyncResource } from 'node:async_hooks';

/** What many share is not made in the context of one: see {@link Deadlines.begin}. */
const own = new AsyncResource('HAWSER_DEADLINES');

/** Timers take no more; what is due later has its turn after another look. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** One thing that is due at a time, unless it is called off before. */
export interface Deadline {
  readonly dueMs: number;
  readonly queue: DeadlineQueue;
  onDue: () => void;
}

/**
 * Everything of one server that is due: clients that have to connect, answers that have to come.
 *
 * What waits equally long is due in the order in which it began, so there is one timer for each length of time, and
 * neither beginning nor calling off touches it.
 */
export class Deadlines {
  readonly #queues = new Map<number, DeadlineQueue>();

  /** Has `onDue` called when `timeoutMs` have passed, in the asynchronous context of now, as by a timer of its own. */
  begin(timeoutMs: number, onDue: () => void): Deadline {
    let queue = this.#queues.get(timeoutMs);
    if (queue === undefined) {
      queue = new DeadlineQueue(() => this.#queues.delete(timeoutMs));
      this.#queues.set(timeoutMs, queue);
    }
    return queue.add(timeoutMs, onDue);
  }

  callOff(deadline: Deadline): void {
    deadline.queue.delete(deadline);
  }
}

class DeadlineQueue {
  readonly #waiting = new Set<Deadline>();
  readonly #onEmpty: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  add(timeoutMs: number, onDue: () => void): Deadline {
    const context = new AsyncResource('HAWSER_DEADLINE');
    const deadline: Deadline = {
      dueMs: performance.now() + timeoutMs,
      queue: this,
      onDue: () => context.runInAsyncScope(onDue),
    };
    this.#waiting.add(deadline);
    if (this.#timer === null) this.#schedule(timeoutMs);
    return deadline;
  }

  delete(deadline: Deadline): void {
    this.#waiting.delete(deadline);
    // An old table of the set may keep it, which is to keep nothing more.
    deadline.onDue = ignore;
  }

  #schedule(delayMs: number): void {
    // Sockets keep the process alive; without any, nobody waits.
    const timerMs = Math.min(Math.ceil(delayMs), MAX_DELAY_MS);
    this.#timer = own.runInAsyncScope(() => setTimeout(this.#onTimer, timerMs).unref());
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    const nowMs = performance.now();
    try {
      for (const deadline of this.#waiting) {
        if (deadline.dueMs > nowMs) break;
        this.#waiting.delete(deadline);
        deadline.onDue();
      }
    } finally {
      // Also when a callback of the program threw: others wait behind it.
      const [next] = this.#waiting;
      if (next === undefined) this.#onEmpty();
      else if (this.#timer === null) this.#schedule(Math.max(next.dueMs - nowMs, 0));
    }
  };
}

function ignore(): void {}

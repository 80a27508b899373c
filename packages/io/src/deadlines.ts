import { AsyncResource } from 'node:async_hooks';
// A suite of tests may have put a clock of its own in the place of the global one by now.
import { performance } from 'node:perf_hooks';

/** What many share is not made in the context of one: see {@link Deadlines.begin}. */
const own = new AsyncResource('HAWSER_DEADLINES');

/** Taken before a suite of tests can put a clock of its own in its place. */
const native = { setTimeout, clearTimeout, now: performance.now.bind(performance) };

/** Timers take no more. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** With more lengths of time than that, each is forgotten as soon as nothing waits for so long: they may all be different. */
const MANY_QUEUES = 64;

/** One thing that is due at a time, unless it is called off before: a place in the list of its queue. */
export class Deadline extends AsyncResource {
  readonly dueMs: number;
  readonly queue: Queue;
  before: Deadline | null = null;
  behind: Deadline | null = null;
  readonly #onDue: () => void;

  constructor(queue: Queue, dueMs: number, onDue: () => void) {
    super('HAWSER_DEADLINE');
    this.queue = queue;
    this.dueMs = dueMs;
    this.#onDue = onDue;
  }

  fall(): void {
    this.runInAsyncScope(this.#onDue);
  }
}

/** Where a deadline waits. */
interface Queue {
  /** Does nothing to one that is not there any more. */
  remove(deadline: Deadline): void;
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
    // What is no time is over at once, as with Node's timers.
    const delayMs = Math.ceil(Math.max(Number(timeoutMs) || 0, 0));
    // A suite of tests that fakes the timers may leave the clock as it is, which then tells nothing.
    if (setTimeout !== native.setTimeout) return new LoneQueue().add(delayMs, onDue);
    let queue = this.#queues.get(delayMs);
    if (queue === undefined) {
      queue = new DeadlineQueue(delayMs, this.#queues);
      this.#queues.set(delayMs, queue);
    }
    return queue.add(onDue);
  }

  callOff(deadline: Deadline): void {
    deadline.queue.remove(deadline);
  }
}

/** For one deadline alone, which is due when its timer says so. */
class LoneQueue implements Queue {
  #timer: NodeJS.Timeout | undefined;
  #isCalledOff = false;

  add(delayMs: number, onDue: () => void): Deadline {
    const deadline = new Deadline(this, delayMs, onDue);
    const onTimer = (): void => {
      if (!this.#isCalledOff) deadline.fall();
    };
    this.#timer = setTimeout(onTimer, Math.min(delayMs, MAX_TIMEOUT_MS));
    unref(this.#timer);
    return deadline;
  }

  remove(): void {
    this.#isCalledOff = true;
    // It may not know a timer that is fake.
    clearTimeout(this.#timer);
  }
}

/** A list whose ends meet in no deadline: to call one off costs the same wherever it is. */
class DeadlineQueue implements Queue {
  readonly #timeoutMs: number;
  readonly #all: Map<number, DeadlineQueue>;
  #first: Deadline | null = null;
  #last: Deadline | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** For when it is set. */
  #timerDueMs = 0;

  /** @param all - by their lengths of time, this one among them */
  constructor(timeoutMs: number, all: Map<number, DeadlineQueue>) {
    this.#timeoutMs = timeoutMs;
    this.#all = all;
  }

  add(onDue: () => void): Deadline {
    const nowMs = native.now();
    const deadline = new Deadline(this, nowMs + this.#timeoutMs, onDue);
    deadline.before = this.#last;
    if (this.#last === null) this.#first = deadline;
    else this.#last.behind = deadline;
    this.#last = deadline;
    if (this.#timer === null) this.#schedule(this.#timeoutMs, nowMs);
    return deadline;
  }

  remove(deadline: Deadline): void {
    const { before, behind } = deadline;
    if (before === null && this.#first !== deadline) return;
    if (before === null) this.#first = behind;
    else before.behind = behind;
    if (behind === null) this.#last = before;
    else behind.before = before;
    deadline.before = null;
    deadline.behind = null;
    if (this.#first === null && this.#timer !== null && this.#all.size > MANY_QUEUES) this.#end();
  }

  #end(): void {
    const timer: Partial<NodeJS.Timeout> | null = this.#timer;
    // Of timers that keep nothing alive, Node would keep the list for their length of time.
    timer?.ref?.();
    native.clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
    // Another may have begun meanwhile.
    if (this.#all.get(this.#timeoutMs) === this) this.#all.delete(this.#timeoutMs);
  }

  #schedule(delayMs: number, nowMs: number): void {
    // What is due later has its turn after another look.
    const timerMs = Math.min(Math.ceil(delayMs), MAX_TIMEOUT_MS);
    this.#timerDueMs = nowMs + timerMs;
    // One that a suite of tests has faked meanwhile may never come.
    this.#timer = own.runInAsyncScope(() => native.setTimeout(this.#onTimer, timerMs));
    unref(this.#timer);
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    // The timers may have been faked before they were taken here, and the clock not: one that fires says what time it is.
    const nowMs = Math.max(native.now(), this.#timerDueMs);
    try {
      for (let due = this.#first; due !== null && due.dueMs <= nowMs; due = this.#first) {
        this.remove(due);
        due.fall();
      }
    } finally {
      // Also when a callback of the program threw: others wait behind it.
      if (this.#first === null) this.#end();
      else if (this.#timer === null) this.#schedule(Math.max(this.#first.dueMs - nowMs, 0), nowMs);
    }
  };
}

/** Sockets keep the process alive; without any, nobody waits. A fake timer may be a number. */
function unref(timer: Partial<NodeJS.Timeout>): void {
  timer.unref?.();
}

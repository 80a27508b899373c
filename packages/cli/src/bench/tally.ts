import { Histogram } from './histogram.ts';

// A server that invents a new reason each time must not fill the memory.
const MAX_KINDS = 50;

/** Failures of one kind. */
export interface ErrorCount {
  readonly kind: string;
  readonly count: number;
}

/** Everything that is counted in a run. */
export class Tally {
  opened = 0;
  failed = 0;
  /** Connections that ended before we closed them. */
  lost = 0;
  sent = 0;
  sentBytes = 0;
  answered = 0;
  /** Messages without an answer in time. */
  unanswered = 0;
  /** Messages whose time came while there was no room or no connection to send them. */
  unsent = 0;
  /** Messages received, answers included. */
  received = 0;
  receivedBytes = 0;
  /** Messages that answer nothing, or came after their time was over. */
  unexpected = 0;
  /** Messages sent, and neither answered nor given up. */
  pending = 0;
  readonly connectTimes = new Histogram();
  readonly latencies = new Histogram();
  /** How long after their time messages of a schedule were sent. */
  readonly sendDelays = new Histogram();
  readonly #errors = new Map<string, number>();

  /** Count failures of one kind. */
  addError(kind: string, count = 1): void {
    if (count === 0) return;
    const key = this.#errors.has(kind) || this.#errors.size < MAX_KINDS ? kind : 'others';
    this.#errors.set(key, (this.#errors.get(key) ?? 0) + count);
  }

  /** The failures by kind, the most frequent first. */
  get errors(): readonly ErrorCount[] {
    return [...this.#errors]
      .map(([kind, count]) => ({ kind, count }))
      .sort((left, right) => right.count - left.count);
  }
}

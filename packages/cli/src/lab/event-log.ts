import { LAB_LIMITS } from './limits.ts';
import type { LabEvent } from './messages.ts';

/** Bounds of a log. */
export interface LogLimits {
  readonly waitingEvents: number;
  readonly waitingBytes: number;
}

/** Keeps the latest events of a stream for who comes to fetch them, within two bounds: the oldest go first. */
export class EventLog {
  readonly #limits: LogLimits;
  readonly #events: LabEvent[] = [];
  #bytes = 0;
  #lastSeq = 0;

  constructor(limits: LogLimits = LAB_LIMITS) {
    this.#limits = limits;
  }

  /** The number of the latest event, 0 before the first. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  add(events: readonly LabEvent[]): void {
    for (const event of events) {
      this.#events.push(event);
      this.#bytes += event.bytes;
      this.#lastSeq = event.seq;
    }
    const { waitingEvents, waitingBytes } = this.#limits;
    while (this.#events.length > waitingEvents || this.#bytes > waitingBytes) {
      this.#bytes -= this.#events.shift()?.bytes ?? 0;
    }
  }

  /** The events after a number that are still kept. */
  after(seq: number): readonly LabEvent[] {
    const first = this.#events[0]?.seq ?? 0;
    return this.#events.slice(Math.max(0, seq + 1 - first));
  }
}

import type { LabEvent } from './messages.ts';

/** How fast and how large. */
export interface Pace {
  /** Events a second. */
  readonly rate: number;
  readonly payloadBytes: number;
}

// After a stall of the process, such as a suspended laptop, what was due meanwhile does not come at once.
const MAX_BEHIND_MS = 1000;

/** Decides when events happen: evenly, at the rate that is asked for. It knows no timer: it is told the time. */
export class EventSource {
  #pace: Pace;
  #seq = 0;
  #nextAtMs: number | undefined;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** The pace from now on. */
  set pace(pace: Pace) {
    this.#pace = pace;
    this.#nextAtMs = undefined;
  }

  get pace(): Pace {
    return this.#pace;
  }

  /** Begin anew from the next call on: the time in between has no events. */
  pause(): void {
    this.#nextAtMs = undefined;
  }

  /**
   * The events that are due. Each happens now: a late timer makes it late, it does not pretend otherwise.
   *
   * @param nowMs - the time, in milliseconds
   */
  take(nowMs: number): readonly LabEvent[] {
    const intervalMs = 1000 / this.#pace.rate;
    this.#nextAtMs ??= nowMs + intervalMs;
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs - MAX_BEHIND_MS);
    const events: LabEvent[] = [];
    while (this.#nextAtMs <= nowMs) {
      events.push({ seq: ++this.#seq, at: nowMs, bytes: this.#pace.payloadBytes });
      this.#nextAtMs += intervalMs;
    }
    return events;
  }
}

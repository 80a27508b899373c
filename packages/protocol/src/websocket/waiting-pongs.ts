import type { Natives } from './natives.ts';

/**
 * Counts the pongs of one connection that wait to be written. Beyond so many, a ping is kept in place of the one before
 * it, to be answered when there is room: RFC 6455 section 5.5.3 lets only the last one be answered.
 */
export class WaitingPongs {
  readonly #natives: Natives;
  readonly #max: number;
  #count = 0;
  #kept: Uint8Array | null = null;

  constructor(natives: Natives, max: number) {
    this.#natives = natives;
    this.#max = max;
  }

  /** Counts one more. Returns `false` where there are too many. */
  add(): boolean {
    if (this.#count >= this.#max) return false;
    this.#count++;
    return true;
  }

  /** Keeps a copy of a ping's payload. */
  keep(payload: Uint8Array): void {
    // A flood of pings must not cost more than a flood of messages: the last one's memory serves for the next.
    if (this.#kept?.length !== payload.length) this.#kept = this.#natives.allocate(payload.length);
    this.#kept.set(payload);
  }

  /** Takes in that all were written. Returns the payload of the ping that was kept, if any. */
  written(): Uint8Array | null {
    const kept = this.#kept;
    this.#count = 0;
    this.#kept = null;
    return kept;
  }
}

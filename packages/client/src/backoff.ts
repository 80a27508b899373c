/** Delays between attempts: each time twice as long, and spread, so that clients do not come back all at once. */
export class Backoff {
  attempts = 0;
  declare minMs: number;
  declare maxMs: number;
  /** How far a delay may be from the middle, as a part of it. */
  declare jitter: number;

  constructor(minMs: number, maxMs: number, jitter: number) {
    this.minMs = minMs;
    this.maxMs = maxMs;
    this.jitter = jitter;
  }

  /** Returns the next delay. It is spread at the longest too, and never longer than that. */
  next(): number {
    const middleMs = Math.min(this.minMs * 2 ** this.attempts++, this.maxMs);
    const lowMs = middleMs * (1 - this.jitter);
    const highMs = Math.min(middleMs * (1 + this.jitter), this.maxMs);
    return Math.max(Math.round(lowMs + Math.random() * (highMs - lowMs)), 0);
  }

  reset(): void {
    this.attempts = 0;
  }
}

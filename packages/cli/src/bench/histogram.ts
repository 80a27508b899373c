// 128 steps for each doubling: a value is off by less than 1 %.
const STEPS = 128;
const STEP_BITS = 7;
const LARGEST_US = 2 ** 32 - 1;

/** A range of durations and how many were in it. */
export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/**
 * Counts durations in buckets that grow with them: any number of values, from 1 µs to 71 minutes, in a few kilobytes
 * and to within 1 %. Minimum, maximum and mean are exact.
 */
export class Histogram {
  readonly #counts = new Float64Array((32 - STEP_BITS + 1) * STEPS);
  #count = 0;
  #sumMs = 0;
  #minMs = Number.POSITIVE_INFINITY;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** The least value in milliseconds, 0 when there is none. */
  get minMs(): number {
    return this.#count === 0 ? 0 : this.#minMs;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }

  record(durationMs: number): void {
    const index = indexOf(Math.min(LARGEST_US, Math.max(0, Math.floor(durationMs * 1000))));
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count++;
    this.#sumMs += durationMs;
    this.#minMs = Math.min(this.#minMs, durationMs);
    this.#maxMs = Math.max(this.#maxMs, durationMs);
  }

  /**
   * Returns the value that `percent` of all values do not exceed, in milliseconds; 0 when there is none.
   *
   * @param percent - above 0, at most 100
   */
  percentile(percent: number): number {
    let left = Math.ceil((percent / 100) * this.#count);
    for (const [index, count] of this.#counts.entries()) {
      left -= count;
      // The bucket's upper end, and never beyond what was seen.
      if (left <= 0) return Math.min(this.#maxMs, Math.max(this.minMs, lowerEndOf(index + 1) / 1000));
    }
    return this.#maxMs;
  }

  /** Counts per 1-2-5 step of each decade, from the first that has any to the last. */
  ranges(): readonly Range[] {
    const ranges: { fromMs: number; toMs: number; count: number }[] = [];
    let [fromUs, toUs] = [0, 1];
    let current: (typeof ranges)[number] | undefined;
    for (const [index, count] of this.#counts.entries()) {
      while (lowerEndOf(index) >= toUs) {
        [fromUs, toUs] = [toUs, nextBoundary(toUs)];
        current = undefined;
      }
      if (current === undefined) {
        current = { fromMs: fromUs / 1000, toMs: toUs / 1000, count: 0 };
        ranges.push(current);
      }
      current.count += count;
    }
    const first = ranges.findIndex(({ count }) => count > 0);
    return first === -1 ? [] : ranges.slice(first, ranges.findLastIndex(({ count }) => count > 0) + 1);
  }
}

function indexOf(us: number): number {
  if (us < STEPS) return us;
  const shift = 31 - Math.clz32(us) - STEP_BITS;
  return (shift + 1) * STEPS + (us >>> shift) - STEPS;
}

function lowerEndOf(index: number): number {
  if (index < STEPS) return index;
  const shift = Math.floor(index / STEPS) - 1;
  return ((index % STEPS) + STEPS) * 2 ** shift;
}

// 1, 2, 5, 10, 20, 50, ...
function nextBoundary(boundary: number): number {
  return String(boundary).startsWith('2') ? boundary * 2.5 : boundary * 2;
}

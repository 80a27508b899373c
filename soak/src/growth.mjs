/**
 * What may grow between the settled readings of a run, by so much of the first and so many units. Compared are the
 * medians of the first and the last third, after a warm-up: code that is still being compiled, caches that fill.
 */
export const LIMITS = Object.freeze({
  heapBytes: { share: 0.03, slack: 1_000_000 },
  externalBytes: { share: 0.05, slack: 1_500_000 },
  // The allocator and the young generation keep what they once had: only a gross leak shows here.
  rssBytes: { share: 0.3, slack: 40_000_000 },
  // Timers come and go.
  handles: { share: 0, slack: 12 },
  descriptors: { share: 0, slack: 6 },
});

/** The first readings say little: a quarter of them, but at least two. */
const WARM_UP_SHARE = 0.25;
const MIN_WARM_UP = 2;
/** Fewer cannot be told apart from noise. */
export const MIN_READINGS = 5;

/**
 * @param readings - of one process, in order
 * @returns for each quantity `{ name, first, last, limit, isTooMuch }`
 */
export function judgeGrowth(readings) {
  const settled = readings.slice(Math.max(MIN_WARM_UP, Math.floor(readings.length * WARM_UP_SHARE)));
  const third = Math.max(1, Math.floor(settled.length / 3));
  return Object.entries(LIMITS).map(([name, { share, slack }]) => {
    const values = settled.map((reading) => reading[name]);
    const first = median(values.slice(0, third));
    const last = median(values.slice(-third));
    const limit = Math.round(first * share + slack);
    return { name, first, last, limit, isTooMuch: last - first > limit };
  });
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Histogram } from '../../src/bench/histogram.ts';

function histogramOf(durationsMs: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const durationMs of durationsMs) histogram.record(durationMs);
  return histogram;
}

describe('Histogram', () => {
  test('every percentile is within 1 % and a microsecond of the exact one', () => {
    const durations = fc.array(fc.double({ min: 0, max: 4_000_000, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.1, 50, 90, 99, 99.9, 100), (durationsMs, percent) => {
        const sorted = [...durationsMs].sort((left, right) => left - right);
        const exact = sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN;
        const found = histogramOf(durationsMs).percentile(percent);
        // The last term is what floating-point numbers take, in the test as well.
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact / 100 + 0.001 + 1e-9);
      }),
    );
  });

  test('minimum, maximum and mean are exact', () => {
    const { count, minMs, maxMs, meanMs } = histogramOf([1.25, 0.25, 7.5]);
    expect({ count, minMs, maxMs, meanMs }).toEqual({
      count: 3,
      minMs: 0.25,
      maxMs: 7.5,
      meanMs: 3,
    });
  });

  test('an empty one has zeros', () => {
    const histogram = new Histogram();
    expect([histogram.percentile(50), histogram.minMs, histogram.maxMs, histogram.meanMs]).toEqual([
      0, 0, 0, 0,
    ]);
    expect(histogram.ranges()).toEqual([]);
  });

  test('ranges are the 1-2-5 steps from the first value to the last, the empty ones between them included', () => {
    expect(histogramOf([0.15, 0.15, 0.9, 4]).ranges()).toEqual([
      { fromMs: 0.1, toMs: 0.2, count: 2 },
      { fromMs: 0.2, toMs: 0.5, count: 0 },
      { fromMs: 0.5, toMs: 1, count: 1 },
      { fromMs: 1, toMs: 2, count: 0 },
      { fromMs: 2, toMs: 5, count: 1 },
    ]);
  });

  test('ranges hold every value, also those beyond its largest', () => {
    const durations = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }));
    fc.assert(
      fc.property(durations, (durationsMs) => {
        const ranges = histogramOf(durationsMs).ranges();
        expect(ranges.reduce((sum, { count }) => sum + count, 0)).toBe(durationsMs.length);
      }),
    );
  });
});

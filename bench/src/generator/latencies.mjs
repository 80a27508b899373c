import { createHistogram } from 'node:perf_hooks';

/** Collects durations and gives their percentiles. */
export class Latencies {
  #histogram = createHistogram();

  record(durationMs) {
    this.#histogram.record(Math.max(1, Math.round(durationMs * 1e6)));
  }

  percentiles() {
    return { p50Us: this.#histogram.percentile(50) / 1000, p99Us: this.#histogram.percentile(99) / 1000 };
  }
}

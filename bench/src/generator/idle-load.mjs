import { Latencies } from './latencies.mjs';

/**
 * Connections that do nothing. A base takes what a server needs once for all its connections; those that are measured
 * come on top of it.
 */
export class IdleLoad {
  #pool;
  #workload;

  constructor({ pool, workload }) {
    this.#pool = pool;
    this.#workload = workload;
  }

  async open() {
    const { baseConnections, parallelHandshakes } = this.#workload;
    await this.#pool.openMany(baseConnections, parallelHandshakes);
  }

  async run() {
    const { connections, parallelHandshakes } = this.#workload;
    const latencies = new Latencies();
    const startedAt = performance.now();
    await this.#pool.openMany(connections, parallelHandshakes, (durationMs) => latencies.record(durationMs));
    return { count: connections, elapsedMs: performance.now() - startedAt, ...latencies.percentiles() };
  }
}

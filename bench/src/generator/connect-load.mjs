import { Latencies } from './latencies.mjs';

/** Connections that are opened and reset, one after the other on each of a few lanes: what comes and goes costs. */
export class ConnectLoad {
  #pool;
  #workload;

  constructor({ pool, workload }) {
    this.#pool = pool;
    this.#workload = workload;
  }

  async open() {
    (await this.#pool.open()).reset();
  }

  async run(durationMs) {
    const latencies = new Latencies();
    const startedAt = performance.now();
    let count = 0;
    const comeAndGo = async () => {
      for (let now = startedAt; now - startedAt < durationMs; count++) {
        const connection = await this.#pool.open();
        latencies.record(performance.now() - now);
        connection.reset();
        now = performance.now();
      }
    };
    await Promise.all(Array.from({ length: this.#workload.parallelHandshakes }, comeAndGo));
    return { count, elapsedMs: performance.now() - startedAt, ...latencies.percentiles() };
  }
}

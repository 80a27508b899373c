import { Latencies } from './latencies.mjs';

/**
 * Connections that are opened, and reset or closed, one after the other on each of a few lanes: what it costs that they
 * come and go.
 */
export class ConnectLoad {
  #pool;
  #workload;
  #end;

  constructor({ pool, protocol, workload }) {
    this.#pool = pool;
    this.#workload = workload;
    this.#end = (connection) =>
      workload.isClosed ? connection.close(protocol.farewell) : connection.reset();
  }

  async open() {
    await this.#end(await this.#pool.open());
  }

  async run(durationMs) {
    const latencies = new Latencies();
    const startedAt = performance.now();
    let count = 0;
    const comeAndGo = async () => {
      for (let now = startedAt; now - startedAt < durationMs; count++) {
        const connection = await this.#pool.open();
        latencies.record(performance.now() - now);
        await this.#end(connection);
        now = performance.now();
      }
    };
    await Promise.all(Array.from({ length: this.#workload.parallelHandshakes }, comeAndGo));
    return { count, elapsedMs: performance.now() - startedAt, ...latencies.percentiles() };
  }
}

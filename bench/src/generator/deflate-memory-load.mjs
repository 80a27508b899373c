import { compressedRequests } from './compressed-messages.mjs';
import { FrameCounter } from './frame-counter.mjs';
import { Latencies } from './latencies.mjs';

/** Connections that exchange a few compressed messages and then do nothing, over a base that did the same. */
export class DeflateMemoryLoad {
  #pool;
  #workload;
  #requests;

  constructor({ pool, workload, isText }) {
    this.#pool = pool;
    this.#workload = workload;
    this.#requests = compressedRequests(workload.payloadBytes, isText);
  }

  async open() {
    await this.#openAndExchange(this.#workload.baseConnections, new Latencies());
  }

  async run() {
    const { connections } = this.#workload;
    const latencies = new Latencies();
    const startedAt = performance.now();
    await this.#openAndExchange(connections, latencies);
    return { count: connections, elapsedMs: performance.now() - startedAt, ...latencies.percentiles() };
  }

  async #openAndExchange(count, latencies) {
    const { parallelHandshakes } = this.#workload;
    const connections = await this.#pool.openMany(count, parallelHandshakes, (ms) => latencies.record(ms));
    await Promise.all(connections.map((connection) => this.#exchange(connection)));
  }

  #exchange(connection) {
    const frames = new FrameCounter((reason) => this.#pool.fail(reason));
    let exchanged = 0;
    return new Promise((resolve) => {
      connection.onBytes = (byteLength, buffer) => {
        exchanged += frames.count(byteLength, buffer);
        if (exchanged === this.#workload.exchanges) resolve();
        else connection.write(this.#requests[exchanged % this.#requests.length]);
      };
      connection.write(this.#requests[0]);
    });
  }
}

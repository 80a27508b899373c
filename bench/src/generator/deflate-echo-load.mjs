import { compressedRequests } from './compressed-messages.mjs';
import { FrameCounter } from './frame-counter.mjs';
import { Latencies } from './latencies.mjs';

const PARALLEL_HANDSHAKES = 16;

/** Every connection writes one compressed message, waits for the compressed reply, and writes the next. */
export class DeflateEchoLoad {
  #pool;
  #workload;
  #requests;
  #connections;

  constructor({ pool, workload, isText }) {
    this.#pool = pool;
    this.#workload = workload;
    this.#requests = compressedRequests(workload.payloadBytes, isText);
  }

  async open() {
    this.#connections = await this.#pool.openMany(this.#workload.connections, PARALLEL_HANDSHAKES);
  }

  run(durationMs) {
    const latencies = new Latencies();
    const startedAt = performance.now();
    let count = 0;
    let bytes = 0;
    let running = this.#connections.length;
    return new Promise((resolve) => {
      const replied = (latencyMs, now) => {
        latencies.record(latencyMs);
        count++;
        if (now - startedAt < durationMs) return true;
        running--;
        if (running > 0) return false;
        resolve({ count, elapsedMs: now - startedAt, replyBytes: bytes / count, ...latencies.percentiles() });
        return false;
      };
      const received = (byteLength) => {
        bytes += byteLength;
      };
      for (const [index, connection] of this.#connections.entries()) {
        this.#runConnection(connection, index, received, replied);
      }
    });
  }

  #runConnection(connection, index, received, replied) {
    const frames = new FrameCounter((reason) => this.#pool.fail(reason));
    let next = index;
    let sentAt;
    const send = (now) => {
      sentAt = now;
      connection.write(this.#requests[next++ % this.#requests.length]);
    };
    connection.onBytes = (byteLength, buffer) => {
      received(byteLength);
      if (frames.count(byteLength, buffer) === 0) return;
      const now = performance.now();
      if (replied(now - sentAt, now)) send(now);
    };
    send(performance.now());
  }
}

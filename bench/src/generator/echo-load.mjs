import { payload } from '../payload.mjs';
import { Latencies } from './latencies.mjs';
import { checkReply } from './reply-check.mjs';

const PARALLEL_HANDSHAKES = 16;

/** Every connection writes a batch, waits until as many bytes as the replies have arrived, and starts again. */
export class EchoLoad {
  #pool;
  #workload;
  #connections;
  #request;
  #reply;
  #batch;
  #batchReplyBytes;

  constructor({ pool, protocol, workload }) {
    const message = payload(workload.payloadBytes);
    this.#pool = pool;
    this.#workload = workload;
    this.#request = protocol.request(message);
    this.#reply = protocol.reply(message);
    this.#batch = Buffer.concat(Array(workload.inFlight).fill(this.#request));
    this.#batchReplyBytes = workload.inFlight * this.#reply.length;
  }

  async open() {
    this.#connections = await this.#pool.openMany(this.#workload.connections, PARALLEL_HANDSHAKES);
    const [connection] = this.#connections;
    const bytes = this.#request;
    await checkReply({
      sender: connection,
      bytes,
      receiver: connection,
      expected: this.#reply,
      pool: this.#pool,
    });
  }

  run(durationMs) {
    const latencies = new Latencies();
    const { inFlight } = this.#workload;
    const startedAt = performance.now();
    let count = 0;
    let running = this.#connections.length;
    return new Promise((resolve) => {
      const batchDone = (latencyMs, now) => {
        latencies.record(latencyMs);
        count += inFlight;
        if (now - startedAt < durationMs) return true;
        running--;
        if (running === 0) resolve({ count, elapsedMs: now - startedAt, ...latencies.percentiles() });
        return false;
      };
      for (const connection of this.#connections) this.#runConnection(connection, batchDone);
    });
  }

  #runConnection(connection, batchDone) {
    const batch = this.#batch;
    const batchReplyBytes = this.#batchReplyBytes;
    let missingBytes = batchReplyBytes;
    let sentAt = performance.now();
    connection.onBytes = (byteLength) => {
      missingBytes -= byteLength;
      if (missingBytes > 0) return;
      if (missingBytes < 0) this.#pool.fail('the server sent more bytes than the replies have');
      const now = performance.now();
      if (!batchDone(now - sentAt, now)) return;
      missingBytes = batchReplyBytes;
      sentAt = now;
      connection.write(batch);
    };
    connection.write(batch);
  }
}

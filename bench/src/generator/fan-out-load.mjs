import { payload } from '../payload.mjs';
import { Latencies } from './latencies.mjs';
import { checkReply } from './reply-check.mjs';

const PARALLEL_HANDSHAKES = 16;

/**
 * A publisher asks for a burst of publications with one write; the next follows when all subscribers together have
 * received as many bytes as the burst has. Each delivery counts.
 */
export class FanOutLoad {
  #pool;
  #workload;
  #publisher;
  #subscribers;
  #request;
  #delivery;

  constructor({ pool, protocol, workload }) {
    this.#pool = pool;
    this.#workload = workload;
    this.#request = protocol.publishRequest;
    this.#delivery = protocol.reply(payload(workload.payloadBytes));
  }

  async open() {
    this.#subscribers = await this.#pool.openMany(this.#workload.connections, PARALLEL_HANDSHAKES);
    this.#publisher = await this.#pool.open({ isPublisher: true });
    await Promise.all(
      this.#subscribers.map((receiver, index) =>
        checkReply({
          sender: this.#publisher,
          bytes: index === 0 ? this.#request : Buffer.alloc(0),
          receiver,
          expected: this.#delivery,
          pool: this.#pool,
        }),
      ),
    );
  }

  run(durationMs) {
    const { burst } = this.#workload;
    const latencies = new Latencies();
    const requests = Buffer.concat(Array(burst).fill(this.#request));
    const deliveries = this.#subscribers.length * burst;
    const burstBytes = deliveries * this.#delivery.length;
    const startedAt = performance.now();
    return new Promise((resolve) => {
      let count = 0;
      let missingBytes = burstBytes;
      let sentAt = startedAt;
      const onBytes = (byteLength) => {
        missingBytes -= byteLength;
        if (missingBytes > 0) return;
        if (missingBytes < 0) this.#pool.fail('the server sent more bytes than the deliveries have');
        const now = performance.now();
        latencies.record(now - sentAt);
        count += deliveries;
        if (now - startedAt >= durationMs) {
          resolve({ count, elapsedMs: now - startedAt, ...latencies.percentiles() });
          return;
        }
        missingBytes = burstBytes;
        sentAt = now;
        this.#publisher.write(requests);
      };
      for (const subscriber of this.#subscribers) subscriber.onBytes = onBytes;
      this.#publisher.write(requests);
    });
  }
}

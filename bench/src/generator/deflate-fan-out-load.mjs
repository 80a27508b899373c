import { FrameCounter } from './frame-counter.mjs';
import { maskedFrame } from './frames.mjs';
import { Latencies } from './latencies.mjs';

const PARALLEL_HANDSHAKES = 16;

/** A publisher asks for a publication; the next follows when all subscribers have received it. */
export class DeflateFanOutLoad {
  #pool;
  #workload;
  #publisher;
  #subscribers;
  #request = maskedFrame(Buffer.from('publish'), true);

  constructor({ pool, workload }) {
    this.#pool = pool;
    this.#workload = workload;
  }

  async open() {
    this.#subscribers = await this.#pool.openMany(this.#workload.connections, PARALLEL_HANDSHAKES);
    this.#publisher = await this.#pool.open({ isPublisher: true });
  }

  run(durationMs) {
    const latencies = new Latencies();
    const recipients = this.#subscribers.length;
    const startedAt = performance.now();
    return new Promise((resolve) => {
      let count = 0;
      let bytes = 0;
      let missing = recipients;
      let sentAt = startedAt;
      const delivered = (now) => {
        latencies.record(now - sentAt);
        count += recipients;
        if (now - startedAt >= durationMs) {
          const replyBytes = bytes / count;
          resolve({ count, elapsedMs: now - startedAt, replyBytes, ...latencies.percentiles() });
          return;
        }
        missing = recipients;
        sentAt = now;
        this.#publisher.write(this.#request);
      };
      for (const subscriber of this.#subscribers) {
        const frames = new FrameCounter((reason) => this.#pool.fail(reason));
        subscriber.onBytes = (byteLength, buffer) => {
          bytes += byteLength;
          missing -= frames.count(byteLength, buffer);
          if (missing === 0) delivered(performance.now());
        };
      }
      this.#publisher.write(this.#request);
    });
  }
}

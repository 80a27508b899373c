import { localNow } from './clock.js';

const INTERVAL_MS = 5000;
const FIRST_INTERVAL_MS = 150;
const QUICK_PINGS = 4;
// Longer than a large file takes on a poor line, during which an answer has to queue.
const GIVE_UP_AFTER_MS = 20_000;

/**
 * @typedef {object} HeartbeatHandler
 * @property {(sentMs: number) => void} ping send a ping
 * @property {() => number} queuedBytes what waits to be sent, in bytes
 * @property {(silentMs: number) => void} onSilence a ping is unanswered; told at each interval
 * @property {() => boolean} onDead there is no more hope; whether the connection is given up
 */

/**
 * Finds out that a connection is dead although nothing said so, as after a night in a closed laptop.
 * Whatever arrives counts as life, and so does a send buffer that shrinks.
 */
export class Heartbeat {
  #handler;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #pings = 0;
  #lifeMs = 0;
  #isAwaiting = false;
  #queuedBytes = 0;

  /** @param {HeartbeatHandler} handler */
  constructor(handler) {
    this.#handler = handler;
  }

  /** Begin: a few quick pings for a first measure, then a steady beat. */
  start() {
    this.stop();
    this.#pings = 0;
    this.#isAwaiting = false;
    this.#lifeMs = localNow();
    this.#beat();
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /** Something arrived. */
  alive() {
    this.#lifeMs = localNow();
    this.#isAwaiting = false;
  }

  #beat() {
    const now = localNow();
    const queuedBytes = this.#handler.queuedBytes();
    if (queuedBytes < this.#queuedBytes) this.#lifeMs = now;
    this.#queuedBytes = queuedBytes;
    const silentMs = now - this.#lifeMs;
    if (this.#isAwaiting && silentMs > GIVE_UP_AFTER_MS && this.#handler.onDead()) return;
    if (this.#isAwaiting) {
      this.#handler.onSilence(silentMs);
    } else {
      this.#isAwaiting = true;
      this.#lifeMs = now;
      this.#handler.ping(now);
    }
    this.#pings++;
    this.#timer = setTimeout(() => this.#beat(), this.#pings < QUICK_PINGS ? FIRST_INTERVAL_MS : INTERVAL_MS);
  }
}

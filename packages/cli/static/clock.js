const MAX_SAMPLES = 12;

/**
 * Milliseconds since 1970 on this machine, with fractions, never going backwards.
 *
 * @returns {number}
 */
export function localNow() {
  return performance.timeOrigin + performance.now();
}

/**
 * Estimates the server's clock from pings. The server read its clock somewhere between our sending and our
 * receiving; assuming the middle is wrong by at most half the round trip. The quickest of the latest round
 * trips is therefore the best witness.
 */
export class ServerClock {
  /** @type {{ offsetMs: number, roundTripMs: number }[]} */
  #samples = [];
  /** @type {{ offsetMs: number, roundTripMs: number } | undefined} */
  #best;

  /**
   * Take in the answer to a ping.
   *
   * @param {{ sentMs: number, serverMs: number, receivedMs: number }} sample
   */
  add({ sentMs, serverMs, receivedMs }) {
    const roundTripMs = receivedMs - sentMs;
    this.#samples.push({ roundTripMs, offsetMs: serverMs - (sentMs + receivedMs) / 2 });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
    this.#best = this.#samples.reduce((best, next) => (next.roundTripMs < best.roundTripMs ? next : best));
  }

  /** Forget everything: the next server has another clock. */
  reset() {
    this.#samples = [];
    this.#best = undefined;
  }

  /** @returns {number | undefined} the latest round trip in milliseconds */
  get roundTripMs() {
    return this.#samples.at(-1)?.roundTripMs;
  }

  /**
   * How far the server's clock is ahead of ours, and by how much that may be wrong.
   *
   * @returns {{ offsetMs: number, errorMs: number } | undefined} nothing before the first ping was answered
   */
  get estimate() {
    if (this.#best === undefined) return undefined;
    return { offsetMs: this.#best.offsetMs, errorMs: this.#best.roundTripMs / 2 };
  }

  /**
   * How long ago the server stamped something.
   *
   * @param {number} serverMs the server's time of it
   * @param {number} [localMs] our time now
   * @returns {{ ageMs: number, errorMs: number } | undefined} nothing before the first ping was answered
   */
  ageOf(serverMs, localMs = localNow()) {
    const { estimate } = this;
    if (estimate === undefined) return undefined;
    const { offsetMs, errorMs } = estimate;
    return { ageMs: Math.max(0, localMs + offsetMs - serverMs), errorMs };
  }
}

/**
 * What the server has counted for a transport.
 *
 * @typedef {{ requests: number, bytesUp: number, bytesDown: number, connections: number, cpuMs: number,
 *   lastSeq: number }} Totals the events up to `lastSeq` are in these
 *
 * @typedef {object} Cost what a transport has cost since it was counted anew
 * @property {number} events
 * @property {number} missed
 * @property {number} requests
 * @property {number} bytesUp
 * @property {number} bytesDown
 * @property {number} cpuMs
 * @property {number} [overheadBytes] for each event, what was not payload
 * @property {number} [cpuMsPerEvent]
 */

/** Counts the events of one transport, and sets what the server counts against them. */
export class Tally {
  #events = 0;
  /** @type {number | undefined} */
  #firstSeq;
  #lastSeq = 0;
  /** @type {Totals | undefined} */
  #base;
  /** @type {Totals | undefined} */
  #latest;
  /** What has come of that which is in those. */
  #counted = { events: 0, payloadBytes: 0 };
  /** What has come since: it is not in them. @type {{ seq: number, bytes: number }[]} */
  #newer = [];

  /**
   * An event has come. The same one again does not count.
   *
   * @param {{ seq: number, data: string }} event
   * @returns {boolean} whether it is new
   */
  count({ seq, data }) {
    if (this.#firstSeq !== undefined && seq <= this.#lastSeq) return false;
    this.#firstSeq ??= seq;
    this.#lastSeq = seq;
    this.#events++;
    this.#newer.push({ seq, bytes: data.length });
    this.#setAgainst();
    return true;
  }

  /** @param {Totals} totals what the server has counted so far */
  take(totals) {
    this.#base ??= totals;
    this.#latest = totals;
    this.#setAgainst();
  }

  /** Count anew from now on. */
  reset() {
    this.#events = 0;
    this.#firstSeq = undefined;
    this.#lastSeq = 0;
    this.#base = this.#latest;
    this.#counted = { events: 0, payloadBytes: 0 };
  }

  /** Nothing of before is in the count. */
  get cost() {
    const [base, latest] = [this.#base, this.#latest];
    const since = (/** @type {keyof Totals} */ name) => (latest?.[name] ?? 0) - (base?.[name] ?? 0);
    const [bytesUp, bytesDown, cpuMs] = [since('bytesUp'), since('bytesDown'), since('cpuMs')];
    const missed = this.#firstSeq === undefined ? 0 : this.#lastSeq - this.#firstSeq + 1 - this.#events;
    /** @type {Cost} */
    const cost = { events: this.#events, missed, requests: since('requests'), bytesUp, bytesDown, cpuMs };
    const { events, payloadBytes } = this.#counted;
    if (events > 0) {
      cost.overheadBytes = Math.max(0, bytesUp + bytesDown - payloadBytes) / events;
      cost.cpuMsPerEvent = cpuMs / events;
    }
    return cost;
  }

  #setAgainst() {
    const [first, last] = [this.#base?.lastSeq ?? 0, this.#latest?.lastSeq ?? 0];
    for (let event = this.#newer[0]; event !== undefined && event.seq <= last; event = this.#newer[0]) {
      this.#newer.shift();
      if (event.seq <= first) continue;
      this.#counted.events++;
      this.#counted.payloadBytes += event.bytes;
    }
  }
}

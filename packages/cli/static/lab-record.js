/**
 * The latest events and how long each took on each transport, as columns of numbers.
 *
 * A row is an event; events come in the order of their numbers, but on each transport at another time.
 */
export class LabRecord {
  #transports;
  #spanMs;
  #firstSeq = 0;
  /** @type {number[]} */
  #times = [];
  /** @type {(number | null)[][]} */
  #delays;

  /**
   * @param {number} transports how many there are
   * @param {number} spanMs how far back it goes
   */
  constructor(transports, spanMs) {
    this.#transports = transports;
    this.#spanMs = spanMs;
    this.#delays = Array.from({ length: transports }, () => []);
  }

  /**
   * An event has come on a transport.
   *
   * @param {number} transport
   * @param {{ seq: number, at: number, delayMs: number }} arrival
   */
  add(transport, { seq, at, delayMs }) {
    if (this.#times.length === 0) this.#firstSeq = seq;
    const row = seq - this.#firstSeq;
    // So old that it has left already.
    if (row < 0) return;
    while (this.#times.length <= row) {
      // What lies between has come on no transport yet; its time is that of its neighbour until it does.
      this.#times.push(at);
      for (const column of this.#delays) column.push(null);
    }
    this.#times[row] = at;
    const column = this.#delays[transport];
    if (column !== undefined) column[row] = delayMs;
    this.#forget(at - this.#spanMs);
  }

  /**
   * The times of the events, and a column of delays for each transport; null where it has not come.
   *
   * @returns {[number[], ...(number | null)[][]]}
   */
  get columns() {
    return [this.#times, ...this.#delays];
  }

  /**
   * The delays on a transport of the events since a time, sorted.
   *
   * @param {number} transport
   * @param {number} sinceMs
   * @returns {number[]}
   */
  delaysSince(transport, sinceMs) {
    const column = this.#delays[transport] ?? [];
    const delays = [];
    for (let row = column.length - 1; row >= 0 && (this.#times[row] ?? 0) >= sinceMs; row--) {
      const delay = column[row];
      if (delay !== null && delay !== undefined) delays.push(delay);
    }
    return delays.sort((one, other) => one - other);
  }

  clear() {
    this.#times = [];
    this.#delays = Array.from({ length: this.#transports }, () => []);
  }

  /** @param {number} beforeMs */
  #forget(beforeMs) {
    let rows = 0;
    while (rows < this.#times.length && (this.#times[rows] ?? 0) < beforeMs) rows++;
    if (rows === 0) return;
    this.#firstSeq += rows;
    for (const column of [this.#times, ...this.#delays]) column.splice(0, rows);
  }
}

/**
 * The value below which a share of them lies.
 *
 * @param {readonly number[]} sorted
 * @param {number} share from 0 to 1
 * @returns {number | undefined} nothing of nothing
 */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

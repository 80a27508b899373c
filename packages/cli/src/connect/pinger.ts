/** What a pinger needs from a connection. */
export interface Pingable {
  ping(data: Uint8Array): void;
}

/**
 * Sends numbered pings at an interval and tells the round trip of each answer, or that there was none.
 */
export class Pinger {
  readonly #target: Pingable;
  readonly #note: (message: string) => void;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #count = 0;
  #sentAtMs: number | undefined;

  /**
   * @param target - the connection
   * @param note - is told one line per answer
   * @param now - a clock in milliseconds
   */
  constructor(
    target: Pingable,
    note: (message: string) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#target = target;
    this.#note = note;
    this.#now = now;
  }

  /** Ping now, and then at every interval. */
  start(intervalMs: number): void {
    this.pingOnce();
    this.#timer = setInterval(() => this.pingOnce(), intervalMs);
  }

  /** Send no more pings. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Send the next ping; an earlier one that is still unanswered is given up. */
  pingOnce(): void {
    const now = this.#now();
    if (this.#sentAtMs !== undefined) {
      this.#note(`ping ${this.#count}: no answer in ${Math.round(now - this.#sentAtMs)} ms`);
    }
    this.#count++;
    this.#sentAtMs = now;
    this.#target.ping(Buffer.from(String(this.#count)));
  }

  /** A pong came; one that nobody asked for is legal and says nothing about the round trip. */
  receivePong(data: Uint8Array): void {
    if (this.#sentAtMs === undefined || Buffer.from(data).toString() !== String(this.#count)) return;
    this.#note(`pong ${this.#count}: ${(this.#now() - this.#sentAtMs).toFixed(2)} ms`);
    this.#sentAtMs = undefined;
  }
}

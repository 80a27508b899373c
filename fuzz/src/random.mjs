/** Draws from a seed: the same seed gives the same run. */
export class Random {
  #state;

  /** @param seed - an integer */
  constructor(seed) {
    // Neighbouring seeds must not give neighbouring runs: the first few draws mix them.
    this.#state = (seed ^ 0x9e3779b9) | 1;
    for (let i = 0; i < 8; i += 1) this.bits();
  }

  /** 32 bits as an integer from 0 on (Marsaglia's xorshift32). */
  bits() {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state >>> 0;
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit) {
    return this.bits() % limit;
  }

  /** True once in `times`. */
  oneIn(times) {
    return this.below(times) === 0;
  }

  /** One of `choices`; to weigh one, list it more than once. */
  pick(choices) {
    return choices[this.below(choices.length)];
  }

  /** A length: mostly small, sometimes at an edge of the formats, seldom large. */
  length(max) {
    const edges = [
      0, 1, 2, 3, 4, 7, 8, 15, 16, 124, 125, 126, 127, 128, 255, 256, 1023, 1024, 4095, 4096, 65_535, 65_536,
    ];
    const roll = this.below(10);
    const length =
      roll < 5
        ? this.below(24)
        : roll < 8
          ? this.pick(edges)
          : roll < 9
            ? this.below(2000)
            : this.below(70_000);
    return Math.min(length, max);
  }

  /** So many octets: of one kind, or all kinds. */
  bytes(length) {
    const roll = this.below(4);
    const octet = this.bits() & 0xff;
    const of = [
      () => octet,
      () => 0x61 + this.below(4),
      () => 0x20 + this.below(95),
      () => this.bits() & 0xff,
    ][roll];
    return Buffer.from(Array.from({ length }, of));
  }

  /** A list of up to `max` things. */
  list(max, make) {
    return Array.from({ length: this.below(max + 1) }, () => make());
  }
}

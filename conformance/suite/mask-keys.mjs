/** Keys that are worth trying in every case; the rest is drawn. */
const NOTABLE_KEYS = Object.freeze([0x37fa213d, 0x00000000, 0xffffffff, 0x00000001, 0x80000000, 0x0102fffe]);

/**
 * Mask keys that are the same in every run, so that a failure can be repeated. A client must choose them
 * unpredictably (RFC 6455 5.3); a tester must not.
 */
export class MaskKeys {
  #state;
  #count;

  /** @param seed - text; the same seed gives the same keys */
  constructor(seed) {
    this.#state = [...seed].reduce(
      (state, character) => Math.imul(state ^ character.codePointAt(0), 0x01000193),
      0x811c9dc5,
    );
    this.#count = this.#state >>> 0;
  }

  /** The next key, four octets. */
  next() {
    const key = Buffer.alloc(4);
    this.#count += 1;
    const isNotable = this.#count % 3 === 0;
    key.writeUInt32BE(isNotable ? NOTABLE_KEYS[(this.#count / 3) % NOTABLE_KEYS.length] : this.#draw());
    return key;
  }

  // Marsaglia's xorshift32.
  #draw() {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state >>> 0;
  }
}

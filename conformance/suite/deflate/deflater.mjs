import { constants, deflateRawSync } from 'node:zlib';

/** Compresses our messages: `zlib` with what went before as its dictionary, which gives the same references. */
export class Deflater {
  #windowBits;
  #takesOver;
  #history = Buffer.alloc(0);

  /**
   * @param given.windowBits - our window, as agreed
   * @param given.takesOver - whether we may refer to earlier messages
   */
  constructor({ windowBits, takesOver }) {
    this.#windowBits = windowBits;
    this.#takesOver = takesOver;
  }

  /** Whether a message may refer to earlier ones. */
  get takesOver() {
    return this.#takesOver;
  }

  /** Compress one message, RFC 7692 7.2.1. */
  deflate(data) {
    const deflated = deflateRawSync(data, {
      // `zlib` cannot do 8; with 9 it looks back 250 octets, which is within 256.
      windowBits: Math.max(9, this.#windowBits),
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(this.#history.length > 0 && { dictionary: this.#history }),
    });
    if (this.#takesOver)
      this.#history = Buffer.concat([this.#history, data]).subarray(-(2 ** this.#windowBits));
    return deflated.subarray(0, -4);
  }
}

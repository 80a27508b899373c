import { randomFillSync } from 'node:crypto';

/** 120 bits: nobody guesses one. */
const ID_BYTES = 15;
const IDS_PER_DRAW = 64;

/** Makes session ids of 20 characters, drawing from the system's generator for many at a time. */
export class SessionIds {
  readonly #pool = Buffer.allocUnsafeSlow(ID_BYTES * IDS_PER_DRAW);
  #at = this.#pool.length;

  next(): string {
    if (this.#at === this.#pool.length) {
      randomFillSync(this.#pool);
      this.#at = 0;
    }
    const id = this.#pool.toString('base64url', this.#at, this.#at + ID_BYTES);
    this.#at += ID_BYTES;
    return id;
  }
}

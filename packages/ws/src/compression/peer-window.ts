/** Below this, memory grows by doubling. */
const FIRST_BYTES = 2048;

const NO_BYTES = Buffer.alloc(0);

/** The end of what the peer sent compressed: its next message may refer to it (RFC 7692 section 7.2.3.2). */
export class PeerWindow {
  readonly #maxBytes: number;
  /** Once it has its full size, what is new takes the place of the oldest. */
  #bytes = NO_BYTES;
  #endAt = 0;
  #isFull = false;

  /** @param maxBytes - how far the peer may refer back; 0 where it takes no context over */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What there is, in order, in two pieces at most. */
  get pieces(): readonly Uint8Array[] {
    const newer = this.#bytes.subarray(0, this.#endAt);
    const older = this.#isFull ? this.#bytes.subarray(this.#endAt) : NO_BYTES;
    return [older, newer].filter((piece) => piece.length > 0);
  }

  /** Takes in what a message was made of. */
  push(data: Uint8Array): void {
    const kept = data.subarray(Math.max(0, data.length - this.#maxBytes));
    if (!this.#isFull) this.#makeRoom(this.#endAt + kept.length);
    const fitting = kept.subarray(0, this.#bytes.length - this.#endAt);
    this.#bytes.set(fitting, this.#endAt);
    this.#endAt += fitting.length;
    if (this.#endAt < this.#maxBytes || this.#maxBytes === 0) return;
    this.#isFull = true;
    this.#bytes.set(kept.subarray(fitting.length), 0);
    this.#endAt = kept.length - fitting.length;
  }

  #makeRoom(byteLength: number): void {
    if (byteLength <= this.#bytes.length) return;
    let size = FIRST_BYTES;
    while (size < byteLength) size *= 2;
    const bytes = Buffer.allocUnsafeSlow(Math.min(size, this.#maxBytes));
    bytes.set(this.#bytes, 0);
    this.#bytes = bytes;
  }
}

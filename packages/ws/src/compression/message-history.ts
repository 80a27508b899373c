/** Below this, memory grows by doubling. */
const FIRST_BYTES = 2048;

/**
 * The end of what one side sent, which the next message may refer back to (RFC 7692 section 7.2.3.2).
 *
 * It stands for the state of a `zlib` stream, of which it is an eighth or less, and there is nothing to release.
 */
export class MessageHistory {
  readonly #maxBytes: number;
  #bytes: Buffer | null = null;
  #used = 0;

  /** @param maxBytes - how much of the end is kept */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The end of what was appended, borrowed until the next `append`; `undefined` where there was nothing. */
  get end(): Uint8Array | undefined {
    if (this.#bytes === null) return undefined;
    return this.#bytes.subarray(Math.max(0, this.#used - this.#maxBytes), this.#used);
  }

  append(data: Uint8Array): void {
    const kept = data.subarray(Math.max(0, data.length - this.#maxBytes));
    if (kept.length === 0) return;
    this.#reserve(kept.length);
    this.#bytes!.set(kept, this.#used);
    this.#used += kept.length;
  }

  /** Makes room for `byteLength` bytes, in front if need be: what is older than `maxBytes` is moved out. */
  #reserve(byteLength: number): void {
    const old = this.#bytes;
    if (old !== null && this.#used + byteLength <= old.length) return;
    const end = this.end ?? new Uint8Array(0);
    // Spare room of a quarter, so that not every message moves all of it.
    const fullBytes = Math.ceil(this.#maxBytes * 1.25);
    let size = old?.length ?? FIRST_BYTES;
    while (size < end.length + byteLength && size < fullBytes) size *= 2;
    size = Math.min(size, fullBytes);
    const keptBytes = Math.min(end.length, size - byteLength);
    const kept = end.subarray(end.length - keptBytes);
    if (old === null || old.length !== size) this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#bytes!.set(kept, 0);
    this.#used = kept.length;
  }
}

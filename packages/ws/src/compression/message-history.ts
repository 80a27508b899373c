/** Below this, memory grows by doubling. */
const FIRST_BYTES = 2048;

/** Memory that histories share: what one of them may refer to is never written to again. */
interface Store {
  readonly bytes: Buffer;
  used: number;
}

/**
 * The end of what one side sent compressed, which its next message may refer back to (RFC 7692 section 7.2.3.2).
 *
 * It stands for the state of a `zlib` stream, of which it is an eighth or less, and there is nothing to release. A
 * history never changes, so that connections that were sent the same can share one, and what is compressed with it.
 */
export class MessageHistory {
  /** Base-2 logarithm of the window that reaches back into it. */
  readonly windowBits: number;
  /** How much of the end is kept; 0 where there is no context takeover. */
  readonly maxBytes: number;
  readonly #store: Store | null;
  readonly #endAt: number;

  constructor(windowBits: number, maxBytes: number, store: Store | null = null) {
    this.windowBits = windowBits;
    this.maxBytes = maxBytes;
    this.#store = store;
    this.#endAt = store === null ? 0 : store.used;
  }

  /** The end of what was sent; `undefined` where there was nothing. */
  get end(): Uint8Array | undefined {
    return this.#store?.bytes.subarray(Math.max(0, this.#endAt - this.maxBytes), this.#endAt);
  }

  /** Returns the history after `data` was sent too. */
  after(data: Uint8Array): MessageHistory {
    const kept = data.subarray(Math.max(0, data.length - this.maxBytes));
    if (kept.length === 0) return this;
    const store = this.#storeFor(kept.length);
    store.bytes.set(kept, store.used);
    store.used += kept.length;
    return new MessageHistory(this.windowBits, this.maxBytes, store);
  }

  /** Tells whether the two are alike, and so can stand for each other. */
  equals(other: MessageHistory): boolean {
    const isAlike = this.windowBits === other.windowBits && this.maxBytes === other.maxBytes;
    const [end, otherEnd] = [this.end, other.end];
    if (!isAlike || end === undefined || otherEnd === undefined) return isAlike && end === otherEnd;
    return Buffer.compare(end, otherEnd) === 0;
  }

  /** Returns memory with room for `byteLength` bytes behind our end: our own where nobody wrote there yet. */
  #storeFor(byteLength: number): Store {
    const own = this.#store;
    if (own !== null && own.used === this.#endAt && own.used + byteLength <= own.bytes.length) return own;
    const end = this.end ?? new Uint8Array(0);
    // As much room again, so that few messages move all of it.
    const fullBytes = this.maxBytes * 2;
    let size = FIRST_BYTES;
    while (size < end.length + byteLength && size < fullBytes) size *= 2;
    const bytes = Buffer.allocUnsafeSlow(Math.min(size, fullBytes));
    const kept = end.subarray(Math.max(0, end.length + byteLength - bytes.length));
    bytes.set(kept, 0);
    return { bytes, used: kept.length };
  }
}

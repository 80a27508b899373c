import { Chunk } from './chunk.ts';
import type { Natives } from './natives.ts';
import type { ReceivedMessage } from './received-message.ts';

const FIRST_SLAB_BYTES = 4096;
const MAX_SLAB_BYTES = 65_536;
const NO_BYTES = new Uint8Array(0);

/**
 * Memory for small outgoing frames, shared by all connections of one server.
 *
 * Frames lie one behind the other, so what one turn of the event loop sends to a connection is mostly one run
 * of bytes, and what it broadcasts is the same run for every recipient: one view, written N times.
 * A slab is only appended to; a full one is left to the garbage collector, once its last view is written.
 */
export class Slab {
  readonly natives: Natives;
  bytes: Uint8Array;
  /** How many of `bytes` are taken. */
  used = 0;
  /** A large message that a handler is being given, and may send on. */
  received: ReceivedMessage | null = null;
  #lastView: Uint8Array = NO_BYTES;
  /** Of what it is a view. */
  #viewedBytes: Uint8Array | null = null;
  #viewStart = 0;
  #viewEnd = 0;
  #chunk: Chunk | null = null;

  constructor(natives: Natives) {
    this.natives = natives;
    this.bytes = natives.allocate(FIRST_SLAB_BYTES);
  }

  /** `bytes`, to be masked. */
  get chunk(): Chunk {
    if (this.#chunk?.bytes !== this.bytes) this.#chunk = new Chunk(this.natives, this.bytes, true);
    return this.#chunk;
  }

  /** Makes room for `byteLength` more bytes at `bytes[used..]`, by a new slab where this one is too full. */
  reserve(byteLength: number): void {
    if (this.used + byteLength <= this.bytes.length) return;
    const size = Math.min(Math.max(this.bytes.length * 2, FIRST_SLAB_BYTES), MAX_SLAB_BYTES);
    this.bytes = this.natives.allocate(Math.max(size, byteLength));
    this.used = 0;
  }

  /** Takes `bytes[used..end)`. Memory that was made for one large frame alone is let go with it. */
  take(end: number): void {
    this.used = end;
    if (this.bytes.length <= MAX_SLAB_BYTES) return;
    this.bytes = NO_BYTES;
    this.#chunk = null;
    this.used = 0;
  }

  /** Returns a view of `bytes[start..end)`, the same object when asked twice in a row, as a broadcast does. */
  view(bytes: Uint8Array, start: number, end: number): Uint8Array {
    // Only what a broadcast can share: a view of anything else would keep that alive for nothing.
    if (bytes !== this.bytes) return bytes.subarray(start, end);
    const isSame = bytes === this.#viewedBytes && start === this.#viewStart && end === this.#viewEnd;
    if (isSame) return this.#lastView;
    this.#viewedBytes = bytes;
    this.#viewStart = start;
    this.#viewEnd = end;
    this.#lastView = this.chunk.slice(start, end);
    return this.#lastView;
  }
}

import type { Natives } from './natives.ts';

/** Memory is all that a list needs. */
type Memory = Pick<Natives, 'allocate'>;

/** A piece this large is kept as a view, if it also fills half of the memory that the view keeps alive. */
const MIN_VIEW_BYTES = 4096;
const FIRST_TAIL_BYTES = 256;
const MAX_TAIL_BYTES = 65_536;

/** Memory is made for so many times the bytes that are here, if they are expected. Untouched, it takes none. */
const MAX_FORESIGHT = 16;

/**
 * Keeps bytes that come in pieces and have to wait: the fragments of a message, the output for a slow reader.
 *
 * Memory stays within a small factor of the bytes however they were cut: a large piece is kept as a view of the
 * chunk that it fills, everything else is copied into a tail that grows by doubling. So neither a million
 * one-byte fragments nor small views that pin large chunks cost more than their bytes warrant.
 */
export class ByteList {
  readonly #natives: Memory;
  readonly #parts: Uint8Array[] = [];
  /** Filled from `#tailStart` to `#tailEnd`. */
  #tail: Uint8Array | null = null;
  #tailStart = 0;
  #tailEnd = 0;
  #byteLength = 0;

  constructor(natives: Memory) {
    this.#natives = natives;
  }

  /** Takes in `chunk[start..end)`, as a view or as a copy; the caller must not write there afterwards. */
  append(chunk: Uint8Array, start: number, end: number): void {
    this.#byteLength += end - start;
    if (isWorthView(chunk, end - start)) {
      this.#sealTail();
      this.#parts.push(chunk.subarray(start, end));
      return;
    }
    while (start < end) {
      const tail = this.#tailWithRoom(end - start);
      const count = Math.min(end - start, tail.length - this.#tailEnd);
      tail.set(chunk.subarray(start, start + count), this.#tailEnd);
      this.#tailEnd += count;
      start += count;
    }
  }

  /**
   * Takes in a copy of `chunk[start..end)`. It mostly goes to where it will lie when all is joined.
   * @param expectedBytes - how much it will be from first to last, as far as that is known
   * @param headroom - what will be asked for when it is joined
   */
  appendLent(chunk: Uint8Array, start: number, end: number, expectedBytes: number, headroom: number): void {
    if (start === end) return;
    const tail = this.#tailFor(end - start, expectedBytes - this.#byteLength, headroom);
    tail.set(chunk.subarray(start, end), this.#tailEnd);
    this.#tailEnd += end - start;
    this.#byteLength += end - start;
  }

  /** Returns all bytes, in as few pieces as they are kept in. */
  parts(): readonly Uint8Array[] {
    this.#sealTail();
    return this.#parts;
  }

  /** Returns all bytes in one piece, behind `headroom` undefined ones. */
  join(headroom = 0): Uint8Array {
    if (this.#tail !== null && this.#parts.length === 0 && headroom <= this.#tailStart) {
      return this.#tail.subarray(this.#tailStart - headroom, this.#tailEnd);
    }
    const parts = this.parts();
    if (parts.length === 1 && headroom === 0) return parts[0]!;
    const whole = this.#natives.allocate(headroom + this.#byteLength);
    let at = headroom;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #tailWithRoom(wantedBytes: number): Uint8Array {
    const tail = this.#tail;
    if (tail === null)
      return this.#beginTail(Math.min(Math.max(wantedBytes, FIRST_TAIL_BYTES), MAX_TAIL_BYTES));
    if (this.#tailEnd < tail.length) return tail;
    if (tail.length < MAX_TAIL_BYTES) return this.#growTail(Math.min(tail.length * 2, MAX_TAIL_BYTES), 0);
    this.#sealTail();
    return this.#beginTail(MAX_TAIL_BYTES);
  }

  /** Returns the tail with room for all of these bytes, and mostly for those that are to come. */
  #tailFor(byteLength: number, comingBytes: number, headroom: number): Uint8Array {
    const tail = this.#tail;
    if (tail !== null && this.#tailEnd + byteLength <= tail.length) return tail;
    const keptBytes = this.#tailEnd - this.#tailStart;
    const neededBytes = keptBytes + byteLength;
    const foreseenBytes = Math.min(keptBytes + comingBytes, neededBytes * MAX_FORESIGHT);
    // Where nothing more is foreseen, twice as much, so that many pieces are not moved each time.
    return this.#growTail(Math.max(neededBytes, foreseenBytes, keptBytes * 2), headroom);
  }

  #beginTail(byteLength: number): Uint8Array {
    return (this.#tail = this.#natives.allocate(byteLength));
  }

  /** Moves what the tail has to a larger one. */
  #growTail(byteLength: number, headroom: number): Uint8Array {
    const tail = this.#tail;
    const grown = this.#natives.allocate(headroom + byteLength);
    if (tail !== null) grown.set(tail.subarray(this.#tailStart, this.#tailEnd), headroom);
    this.#tailEnd += headroom - this.#tailStart;
    this.#tailStart = headroom;
    return (this.#tail = grown);
  }

  #sealTail(): void {
    if (this.#tail === null) return;
    this.#parts.push(this.#tail.subarray(this.#tailStart, this.#tailEnd));
    this.#tail = null;
    this.#tailStart = 0;
    this.#tailEnd = 0;
  }
}

function isWorthView(chunk: Uint8Array, byteLength: number): boolean {
  return byteLength >= MIN_VIEW_BYTES && byteLength * 2 >= chunk.buffer.byteLength;
}

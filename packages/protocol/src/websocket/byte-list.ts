import type { Natives } from './natives.ts';

/** Memory is all that a list needs. */
type Memory = Pick<Natives, 'allocate'>;

/** A piece this large is kept as a view, if it also fills half of the memory that the view keeps alive. */
const MIN_VIEW_BYTES = 4096;
const FIRST_TAIL_BYTES = 256;
const MAX_TAIL_BYTES = 65_536;

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
  #tail: Uint8Array | null = null;
  #tailBytes = 0;
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
      const count = Math.min(end - start, tail.length - this.#tailBytes);
      tail.set(chunk.subarray(start, start + count), this.#tailBytes);
      this.#tailBytes += count;
      start += count;
    }
  }

  /** Returns all bytes, in as few pieces as they are kept in. */
  parts(): readonly Uint8Array[] {
    this.#sealTail();
    return this.#parts;
  }

  /** Returns all bytes in one piece, behind `headroom` undefined ones. */
  join(headroom = 0): Uint8Array {
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
    if (tail === null) {
      return (this.#tail = this.#natives.allocate(
        Math.min(Math.max(wantedBytes, FIRST_TAIL_BYTES), MAX_TAIL_BYTES),
      ));
    }
    if (this.#tailBytes < tail.length) return tail;
    if (tail.length >= MAX_TAIL_BYTES) {
      this.#sealTail();
      return (this.#tail = this.#natives.allocate(MAX_TAIL_BYTES));
    }
    const grown = this.#natives.allocate(Math.min(tail.length * 2, MAX_TAIL_BYTES));
    grown.set(tail);
    return (this.#tail = grown);
  }

  #sealTail(): void {
    if (this.#tail === null) return;
    this.#parts.push(this.#tail.subarray(0, this.#tailBytes));
    this.#tail = null;
    this.#tailBytes = 0;
  }
}

function isWorthView(chunk: Uint8Array, byteLength: number): boolean {
  return byteLength >= MIN_VIEW_BYTES && byteLength * 2 >= chunk.buffer.byteLength;
}

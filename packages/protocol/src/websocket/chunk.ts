import type { Natives } from './natives.ts';

/** A shorter chunk gets no view of its words. */
const WORDS_MIN_BYTES = 128;

/**
 * Bytes that came together, and what reading asks of them for each frame. It is kept here because each answer may cost as
 * much as the rest of a small frame (`npm run bench -- --only echo-64-x32`).
 */
export class Chunk {
  readonly bytes: Uint8Array;
  /** The 32-bit words of all the memory that `bytes` lie in; `null` where they would not pay. */
  readonly words: Int32Array | null;
  /** Where in that memory `bytes` begin, once it is known. */
  #base = 0;
  #memory: ArrayBufferLike | null = null;
  readonly #natives: Natives;

  /** @param isMasked - its words will be asked for */
  constructor(natives: Natives, bytes: Uint8Array, isMasked: boolean) {
    this.bytes = bytes;
    this.#natives = natives;
    if (isMasked && bytes.length >= WORDS_MIN_BYTES) {
      const memory = this.#locate();
      this.words = new Int32Array(memory, 0, memory.byteLength >>> 2);
    } else {
      this.words = null;
    }
  }

  /** Where in {@link words} `bytes` begin, in bytes. */
  get base(): number {
    return this.#base;
  }

  /** Returns `bytes[start..end)`, not copied. */
  slice(start: number, end: number): Uint8Array {
    if (this.#natives.view === undefined) return this.bytes.subarray(start, end);
    const memory = this.#memory ?? this.#locate();
    return this.#natives.view(memory, this.#base + start, end - start);
  }

  #locate(): ArrayBufferLike {
    const memory = this.bytes.buffer;
    this.#memory = memory;
    this.#base = this.bytes.byteOffset;
    return memory;
  }
}

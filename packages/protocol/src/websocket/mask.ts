import type { Chunk } from './chunk.ts';
import type { Natives } from './natives.ts';

/*
 * Masking is XOR with a four-byte key that repeats (RFC 6455 section 5.3). The key travels here as one integer,
 * its first byte lowest; `rotateMask` turns it to the byte that comes next.
 *
 * Three ways, each where it is the fastest (`bench/src/micro/mask.mjs`): bytes for a short payload, 32-bit words
 * through a view that is made once a chunk, and the runtime's own vector code where it offers any.
 */

/** Below this many bytes, words do not pay. */
const WORDS_MIN_BYTES = 32;

/** From this many bytes on the runtime's vector code pays, if there is any. */
const NATIVE_MIN_BYTES = 512;

/** A place to spell a key in the machine's own byte order; written and read within one call. */
const keyBytes = new Uint8Array(4);
const keyWord = new Int32Array(keyBytes.buffer);

/** Returns `key` as it stands `count` bytes further on. */
export function rotateMask(key: number, count: number): number {
  const bits = (count & 3) << 3;
  return (key >>> bits) | (key << (32 - bits));
}

/**
 * Masks or unmasks the bytes of a chunk from `start` to `end` in place, and tells whether the result is all ASCII.
 *
 * @param key - masking key, turned so that its lowest byte meets the one at `start`
 * @returns `true` when no byte of the result has its highest bit set: such text needs no UTF-8 validation
 * @see RFC 6455 section 5.3
 */
export function applyMask(
  natives: Natives,
  { bytes, words, base }: Chunk,
  start: number,
  end: number,
  key: number,
): boolean {
  const length = end - start;
  if (words === null || length < WORDS_MIN_BYTES) return xorBytes(bytes, start, end, key) < 0x80;
  if (length >= NATIVE_MIN_BYTES && natives.mask !== undefined) return natives.mask(bytes, start, end, key);
  const bodyStart = ((base + start + 3) & ~3) - base;
  const bodyEnd = ((base + end) & ~3) - base;
  const bodyKey = rotateMask(key, bodyStart - start);
  const head = xorBytes(bytes, start, bodyStart, key);
  const isBodyAscii = xorWords(words, (base + bodyStart) >> 2, (base + bodyEnd) >> 2, bodyKey);
  const tail = xorBytes(bytes, bodyEnd, end, bodyKey);
  return isBodyAscii && (head | tail) < 0x80;
}

/** XORs byte by byte and returns the OR of the results. */
function xorBytes(bytes: Uint8Array, start: number, end: number, key: number): number {
  let seen = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]! ^ (key & 0xff);
    bytes[i] = byte;
    seen |= byte;
    key = (key >>> 8) | (key << 24);
  }
  return seen;
}

function xorWords(words: Int32Array, start: number, end: number, key: number): boolean {
  for (let i = 0; i < 4; i++) keyBytes[i] = key >>> (i << 3);
  const word = keyWord[0]!;
  let seen = 0;
  for (let i = start; i < end; i++) {
    const masked = words[i]! ^ word;
    words[i] = masked;
    seen |= masked;
  }
  return (seen & 0x80808080) === 0;
}

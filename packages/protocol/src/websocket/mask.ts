/*
 * Masking is XOR with a four-byte key that repeats (RFC 6455 section 5.3). The key travels here as one integer,
 * its first byte lowest; `rotateMask` turns it to the byte that comes next.
 *
 * Eight bytes at a time through a BigUint64Array is what V8 compiles best: 8 GB/s where 32-bit words give 4 and
 * bytes 1.2 (`bench/src/micro/mask.mjs`). The words cover the whole ArrayBuffer, made once a chunk by `wordsOf`.
 */

/** Below this many bytes the view of 64-bit words costs more than it saves. */
const WORDS_MIN_BYTES = 64;

const WORD_MASK_HIGH_BITS = 0x8080808080808080n;

/** A place to spell a key as eight bytes in the machine's own byte order; written and read within one call. */
const keyBytes = new Uint8Array(8);
const keyWord = new BigUint64Array(keyBytes.buffer);

/** Returns the 64-bit words under `bytes`, or `null` where they would not pay. */
export function wordsOf(bytes: Uint8Array): BigUint64Array | null {
  if (bytes.length < WORDS_MIN_BYTES) return null;
  return new BigUint64Array(bytes.buffer, 0, bytes.buffer.byteLength >>> 3);
}

/** Returns `key` as it stands `count` bytes further on. */
export function rotateMask(key: number, count: number): number {
  const bits = (count & 3) << 3;
  return (key >>> bits) | (key << (32 - bits));
}

/**
 * Masks or unmasks `bytes[start..end)` in place and tells whether the result is all ASCII.
 *
 * @param words - what {@link wordsOf} gave for `bytes`
 * @param key - masking key, turned so that its lowest byte meets `bytes[start]`
 * @returns `true` when no byte of the result has its highest bit set: such text needs no UTF-8 validation
 * @see RFC 6455 section 5.3
 */
export function applyMask(
  bytes: Uint8Array,
  words: BigUint64Array | null,
  start: number,
  end: number,
  key: number,
): boolean {
  if (words === null || end - start < WORDS_MIN_BYTES) return xorBytes(bytes, start, end, key) < 0x80;
  const base = bytes.byteOffset;
  const bodyStart = ((base + start + 7) & ~7) - base;
  const bodyEnd = ((base + end) & ~7) - base;
  const bodyKey = rotateMask(key, bodyStart - start);
  const head = xorBytes(bytes, start, bodyStart, key);
  const isBodyAscii = xorWords(words, (base + bodyStart) / 8, (base + bodyEnd) / 8, bodyKey);
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

function xorWords(words: BigUint64Array, start: number, end: number, key: number): boolean {
  for (let i = 0; i < 8; i++) keyBytes[i] = key >>> ((i & 3) << 3);
  const word = keyWord[0]!;
  let seen = 0n;
  for (let i = start; i < end; i++) {
    const masked = BigInt.asUintN(64, words[i]! ^ word);
    words[i] = masked;
    seen = BigInt.asUintN(64, seen | masked);
  }
  return BigInt.asUintN(64, seen & WORD_MASK_HIGH_BITS) === 0n;
}

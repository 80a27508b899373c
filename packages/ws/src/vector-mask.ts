/*
 * Masking with 128-bit vectors: a WebAssembly module of one function, small enough to be written by hand. JavaScript
 * XORs at most 4 bytes at a time; this takes a quarter of that time from 16 KiB on, the copies in and out included
 * (`bench/src/micro/mask.mjs`), and what sockets read into its memory needs none.
 *
 *   (memory (export "memory") 2)
 *   (func (export "mask") (param $at i32) (param $end i32) (param $key i32) (result i32)
 *     for (; $at < $end; $at += 32) { $a = load($at) ^ splat($key); $b = load($at + 16) ^ splat($key);
 *                                     store both; $seen |= $a | $b }
 *     return bitmask($seen))
 */
// biome-ignore format: one instruction, or one entry of a section, a line.
const MODULE = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // "\0asm", version 1
  0x01, 0x08, 0x01, 0x60, 0x03, 0x7f, 0x7f, 0x7f, 0x01, 0x7f, // type 0: (i32, i32, i32) -> i32
  0x03, 0x02, 0x01, 0x00, // function 0 is of type 0
  0x05, 0x03, 0x01, 0x00, 0x02, // memory 0: two pages
  0x07, 0x11, 0x02, // two exports:
  0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00, // "memory"
  0x04, 0x6d, 0x61, 0x73, 0x6b, 0x00, 0x00, // "mask"
  0x0a, 0x56, 0x01, 0x54, // code of one function
  0x01, 0x04, 0x7b, // four v128 locals: 3 key, 4 seen, 5 a, 6 b
  0x20, 0x02, 0xfd, 0x11, 0x21, 0x03, // key = i32x4.splat($key)
  0x02, 0x40, 0x03, 0x40, // block, loop
  0x20, 0x00, 0x20, 0x01, 0x4f, 0x0d, 0x01, // br_if 1 ($at >= $end)
  0x20, 0x00, // address of the first store
  0x20, 0x00, 0xfd, 0x00, 0x04, 0x00, // v128.load $at
  0x20, 0x03, 0xfd, 0x51, 0x22, 0x05, // a = v128.xor key
  0xfd, 0x0b, 0x04, 0x00, // v128.store
  0x20, 0x00, // address of the second store
  0x20, 0x00, 0xfd, 0x00, 0x04, 0x10, // v128.load $at + 16
  0x20, 0x03, 0xfd, 0x51, 0x22, 0x06, // b = v128.xor key
  0xfd, 0x0b, 0x04, 0x10, // v128.store
  0x20, 0x04, 0x20, 0x05, 0x20, 0x06, 0xfd, 0x50, 0xfd, 0x50, 0x21, 0x04, // seen = seen | a | b
  0x20, 0x00, 0x41, 0x20, 0x6a, 0x21, 0x00, // $at += 32
  0x0c, 0x00, 0x0b, 0x0b, // br 0, end, end
  0x20, 0x04, 0xfd, 0x64, 0x0b, // i8x16.bitmask(seen)
);

const PAGE_BYTES = 65_536;

/** Two vectors. */
const STEP_BYTES = 32;

/** As much of the runtime's `WebAssembly` as is needed here; its types would come with those of the whole DOM. */
declare const WebAssembly:
  | undefined
  | {
      validate(bytes: Uint8Array): boolean;
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object) => { readonly exports: unknown };
    };

/** Masks or unmasks `bytes[start..end)` in place; `true` when the result is all ASCII. */
export type MaskFunction = (bytes: Uint8Array, start: number, end: number, key: number) => boolean;

/** What there is where WebAssembly has vectors. */
export interface VectorMask {
  readonly mask: MaskFunction;
  /** A page of the module's memory for whoever wants it: what lies there is masked without a copy. */
  readonly page: Uint8Array;
}

/** Masks from `at` on in steps, until `end` is reached or passed. Returns 0 when all of the result is ASCII. */
type VectorCode = (at: number, end: number, key: number) => number;

interface MaskExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly mask: VectorCode;
}

/** Returns the function and its memory, or `undefined` where WebAssembly or its vectors are not to be had. */
export function createVectorMask(): VectorMask | undefined {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(MODULE)) return undefined;
  const found = instantiate();
  if (found === null) return undefined;
  const { memory, mask } = found;
  // It never grows, so this is it for good.
  const { buffer } = memory;
  const scratch = new Uint8Array(buffer, 0, PAGE_BYTES);
  return {
    page: new Uint8Array(buffer, PAGE_BYTES),
    mask: (bytes, start, end, key) =>
      bytes.buffer === buffer
        ? maskInside(mask, bytes, start, end, key)
        : maskThrough(mask, scratch, bytes, start, end, key),
  };
}

/** Up to Node 22, V8 reserves 10 GiB of addresses for a memory: a process may not be allowed so many. */
function instantiate(): MaskExports | null {
  try {
    return new WebAssembly!.Instance(new WebAssembly!.Module(MODULE)).exports as MaskExports;
  } catch {
    return null;
  }
}

/** Masks what lies in the module's memory: whole vectors there, and what is left byte by byte. */
function maskInside(mask: VectorCode, bytes: Uint8Array, start: number, end: number, key: number): boolean {
  const base = bytes.byteOffset;
  const vectorsEnd = end - ((end - start) % STEP_BYTES);
  let seen = mask(base + start, base + vectorsEnd, key);
  // A step is a multiple of the key.
  for (let i = vectorsEnd; i < end; i++) {
    const byte = bytes[i]! ^ keyByte(key, i - vectorsEnd);
    bytes[i] = byte;
    seen |= byte & 0x80;
  }
  return seen === 0;
}

/** Masks what lies elsewhere, by way of the module's memory. */
function maskThrough(
  mask: VectorCode,
  scratch: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  key: number,
): boolean {
  let seen = 0;
  for (let at = start; at < end; at += PAGE_BYTES) {
    const piece = bytes.subarray(at, Math.min(end, at + PAGE_BYTES));
    const { length } = piece;
    scratch.set(piece);
    // The last vectors reach past the piece. What they find there is the key itself, which comes out as zero.
    for (let i = length; i % STEP_BYTES !== 0; i++) scratch[i] = keyByte(key, i);
    seen |= mask(0, length, key);
    bytes.set(scratch.subarray(0, length), at);
  }
  return seen === 0;
}

function keyByte(key: number, index: number): number {
  return (key >>> ((index & 3) << 3)) & 0xff;
}

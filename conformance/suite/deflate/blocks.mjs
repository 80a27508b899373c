/** DEFLATE blocks written by hand, RFC 1951 3.2: also those that no compressor makes. */

/** The sync flush that ends a message, without the four octets that the sender leaves out (RFC 7692 7.2.1). */
export const FLUSH = Object.freeze({ kind: 'flush' });

/** An uncompressed block. `claims` states another length, `complement` another check of it. */
export function storedBlock(bytes, { isFinal = false, claims, complement } = {}) {
  return { kind: 'stored', bytes: Buffer.from(bytes), isFinal, claims, complement };
}

/**
 * A block with the fixed codes.
 *
 * @param tokens - octets (as a string or numbers), `[length, distance]` pairs, or `{ literal }` and `{ distanceCode }`
 *   for codes that stand for nothing
 * @param options.isCut - leaves out the end of the block
 */
export function fixedBlock(tokens, { isFinal = false, isCut = false } = {}) {
  return { kind: 'fixed', tokens, isFinal, isCut };
}

/** Bits as they are, from the least significant on. */
export function rawBits(value, count) {
  return { kind: 'raw', value, count };
}

/** Write blocks one after another; a final block ends at an octet (RFC 7692 7.2.3.4). */
export function writeBlocks(...blocks) {
  const bits = new BitWriter();
  for (const block of blocks) WRITERS[block.kind](bits, block);
  return bits.toBuffer();
}

const WRITERS = {
  flush: (bits) => {
    bits.push(0, 3);
    bits.align();
  },
  raw: (bits, { value, count }) => bits.push(value, count),
  stored: (bits, { bytes, isFinal, claims = bytes.length, complement = claims ^ 0xffff }) => {
    bits.push(isFinal ? 1 : 0, 3);
    bits.align();
    bits.push(claims, 16);
    bits.push(complement, 16);
    for (const octet of bytes) bits.push(octet, 8);
  },
  fixed: (bits, { tokens, isFinal, isCut }) => {
    bits.push(isFinal ? 3 : 2, 3);
    for (const token of tokens.flatMap((item) =>
      typeof item === 'string' ? [...Buffer.from(item)] : [item],
    ))
      writeToken(bits, token);
    if (!isCut) pushLiteral(bits, 256);
    if (isFinal) bits.align();
  },
};

function writeToken(bits, token) {
  if (typeof token === 'number') return pushLiteral(bits, token);
  if (!Array.isArray(token)) {
    pushLiteral(bits, token.literal ?? 257);
    if (token.distanceCode !== undefined) bits.pushCode(token.distanceCode, 5);
    return undefined;
  }
  const [length, distance] = token;
  // Length 258 has code 285 and 3 to 10 have 257 to 264, all without extra bits: no others are needed here.
  pushLiteral(bits, length === 258 ? 285 : 254 + length);
  let code = 0;
  let least = 1;
  for (let extra = 0; ; code += 1) {
    extra = Math.max(0, (code >> 1) - 1);
    if (distance < least + 2 ** extra) {
      bits.pushCode(code, 5);
      bits.push(distance - least, extra);
      return undefined;
    }
    least += 2 ** extra;
  }
}

/** RFC 1951 3.2.6 */
function pushLiteral(bits, symbol) {
  if (symbol < 144) bits.pushCode(0x30 + symbol, 8);
  else if (symbol < 256) bits.pushCode(0x190 + symbol - 144, 9);
  else if (symbol < 280) bits.pushCode(symbol - 256, 7);
  else bits.pushCode(0xc0 + symbol - 280, 8);
}

class BitWriter {
  #octets = [];
  #last = 0;
  #count = 0;

  /** From the least significant bit on. */
  push(value, count) {
    for (let bit = 0; bit < count; bit += 1) this.#pushBit((value >> bit) & 1);
  }

  /** From the most significant bit on, as codes are (RFC 1951 3.1.1). */
  pushCode(code, count) {
    for (let bit = count - 1; bit >= 0; bit -= 1) this.#pushBit((code >> bit) & 1);
  }

  align() {
    while (this.#count > 0) this.#pushBit(0);
  }

  toBuffer() {
    this.align();
    return Buffer.from(this.#octets);
  }

  #pushBit(bit) {
    this.#last |= bit << this.#count;
    this.#count += 1;
    if (this.#count < 8) return;
    this.#octets.push(this.#last);
    this.#last = 0;
    this.#count = 0;
  }
}

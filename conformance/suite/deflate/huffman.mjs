/** Longest code of RFC 1951 3.2.7. */
const MAX_CODE_BITS = 15;

/** A table that finds a symbol by the next bits of the stream, RFC 1951 3.2.2. */
export class HuffmanTable {
  /** Bits of the longest code: so many have to be looked at. */
  bits;
  /** By the next `bits` bits: symbol * 16 + length of its code, or 0 where no code begins so. */
  entries;

  /** @param lengths - of the code of each symbol, 0 for none; throws a RangeError when they make no code */
  constructor(lengths) {
    const counts = new Array(MAX_CODE_BITS + 1).fill(0);
    for (const length of lengths) counts[length] += 1;
    counts[0] = 0;
    this.bits = Math.max(1, counts.findLastIndex(Boolean));
    const next = firstCodes(counts);
    this.entries = new Uint16Array(1 << this.bits);
    lengths.forEach((length, symbol) => {
      if (length > 0) this.#fill(symbol, length, next[length]++);
    });
  }

  #fill(symbol, length, code) {
    // Codes are packed from their most significant bit on, everything else from the least (3.1.1).
    let reversed = 0;
    for (let bit = 0; bit < length; bit += 1) reversed |= ((code >> bit) & 1) << (length - 1 - bit);
    for (let at = reversed; at < this.entries.length; at += 1 << length)
      this.entries[at] = symbol * 16 + length;
  }
}

/** The first code of each length; an incomplete set is allowed only with a single code, of one bit (3.2.7). */
function firstCodes(counts) {
  const next = [0, 0];
  let code = 0;
  let left = 1;
  for (let length = 1; length <= MAX_CODE_BITS; length += 1) {
    code = (code + counts[length - 1]) << 1;
    next[length] = code;
    left = left * 2 - counts[length];
    if (left < 0) throw new RangeError('more codes than bits allow');
  }
  const used = counts.reduce((sum, count) => sum + count, 0);
  if (left > 0 && used !== counts[1]) throw new RangeError('codes that leave a gap');
  return next;
}

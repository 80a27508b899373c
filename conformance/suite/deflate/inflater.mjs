import { Violation } from '../frame.mjs';
import { HuffmanTable } from './huffman.mjs';

/** RFC 1951 3.2.5: the least value and the extra bits of length codes from 257, and of distance codes. */
const LENGTHS = codeValues(3, 28, 4);
LENGTHS.push([258, 0]);
const DISTANCES = codeValues(1, 30, 2);
/** RFC 1951 3.2.7 */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const FIXED = Object.freeze({
  literals: new HuffmanTable([
    ...new Array(144).fill(8),
    ...new Array(112).fill(9),
    ...new Array(24).fill(7),
    ...new Array(8).fill(8),
  ]),
  distances: new HuffmanTable(new Array(32).fill(5)),
});
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/**
 * Inflates the messages of one side, after RFC 1951 and RFC 7692 alone, and forgives nothing: every reference has to
 * stay within the agreed window and within what was sent, and the last block has to be whole.
 */
export class Inflater {
  #windowBytes;
  #takesOver;
  /** What went before, at the front, then what this message has given. */
  #out = Buffer.alloc(65536);
  #start = 0;
  #end = 0;
  #in;
  #at = 0;
  #bits = 0;
  #bitCount = 0;

  /**
   * @param given.windowBits - the sender's window, as agreed
   * @param given.takesOver - whether it may refer to earlier messages
   */
  constructor({ windowBits, takesOver }) {
    this.#windowBytes = 2 ** windowBits;
    this.#takesOver = takesOver;
  }

  /** Inflate one message. Throws a {@link Violation} when it is none. */
  inflate(data) {
    this.#beginMessage(Buffer.concat([data, TAIL]));
    try {
      // After a final block the next one begins at the next octet (RFC 7692 7.2.3.4).
      while (this.#hasMore()) this.#readBlock();
    } catch (error) {
      if (error instanceof RangeError) throw new Violation(`corrupt compressed data: ${error.message}`);
      throw error;
    }
    return Buffer.from(this.#out.subarray(this.#start, this.#end));
  }

  #beginMessage(bytes) {
    const kept = this.#takesOver ? Math.min(this.#end, this.#windowBytes) : 0;
    this.#out.copyWithin(0, this.#end - kept, this.#end);
    this.#start = kept;
    this.#end = kept;
    this.#in = bytes;
    this.#at = 0;
    this.#bits = 0;
    this.#bitCount = 0;
  }

  #hasMore() {
    return this.#at < this.#in.length || this.#bitCount > 0;
  }

  #readBlock() {
    const isFinal = this.#take(1) === 1;
    const type = this.#take(2);
    if (type === 0) this.#readStored();
    else if (type === 1) this.#readCodes(FIXED);
    else if (type === 2) this.#readCodes(this.#readTables());
    else throw new RangeError('a block of the reserved type');
    if (isFinal) this.#alignToOctet();
  }

  #readStored() {
    this.#alignToOctet();
    const length = this.#take(16);
    if ((this.#take(16) ^ length) !== 0xffff) throw new RangeError('a stored length that does not match');
    this.#alignToOctet();
    if (this.#at + length > this.#in.length) throw new RangeError('a stored block that is cut off');
    this.#reserve(length);
    this.#in.copy(this.#out, this.#end, this.#at, this.#at + length);
    this.#at += length;
    this.#end += length;
  }

  #readTables() {
    const literalCount = this.#take(5) + 257;
    const distanceCount = this.#take(5) + 1;
    const lengthCount = this.#take(4) + 4;
    if (literalCount > 286 || distanceCount > 30) throw new RangeError('more codes than there are symbols');
    const lengthLengths = new Array(19).fill(0);
    for (let i = 0; i < lengthCount; i += 1) lengthLengths[CODE_LENGTH_ORDER[i]] = this.#take(3);
    const lengths = this.#readLengths(new HuffmanTable(lengthLengths), literalCount + distanceCount);
    if (lengths[256] === 0) throw new RangeError('a block without a code for its end');
    return {
      literals: new HuffmanTable(lengths.slice(0, literalCount)),
      distances: new HuffmanTable(lengths.slice(literalCount)),
    };
  }

  #readLengths(table, count) {
    const lengths = [];
    while (lengths.length < count) {
      const symbol = this.#decode(table);
      if (symbol < 16) lengths.push(symbol);
      else this.#repeat(lengths, symbol);
    }
    if (lengths.length > count) throw new RangeError('a repetition over the end');
    return lengths;
  }

  #repeat(lengths, symbol) {
    if (symbol === 16 && lengths.length === 0) throw new RangeError('a repetition of nothing');
    const value = symbol === 16 ? lengths.at(-1) : 0;
    const times = symbol === 18 ? 11 + this.#take(7) : 3 + this.#take(symbol === 17 ? 3 : 2);
    for (let i = 0; i < times; i += 1) lengths.push(value);
  }

  #readCodes({ literals, distances }) {
    for (;;) {
      const symbol = this.#decode(literals);
      if (symbol === 256) return;
      this.#reserve(258);
      if (symbol < 256) this.#out[this.#end++] = symbol;
      else
        this.#copy(this.#valueOf(LENGTHS[symbol - 257]), this.#valueOf(DISTANCES[this.#decode(distances)]));
    }
  }

  #valueOf(code) {
    if (code === undefined) throw new RangeError('a code that stands for nothing');
    return code[0] + this.#take(code[1]);
  }

  #copy(length, distance) {
    if (distance > this.#end)
      throw new RangeError(`a reference to ${distance} octets back, before the start`);
    if (distance > this.#windowBytes) {
      throw new Violation(
        `a reference to ${distance} octets back, in a window of ${this.#windowBytes} (RFC 7692 7.1.2)`,
      );
    }
    for (let i = 0; i < length; i += 1) {
      this.#out[this.#end] = this.#out[this.#end - distance];
      this.#end += 1;
    }
  }

  #decode({ bits, entries }) {
    this.#fill();
    const entry = entries[this.#bits & ((1 << bits) - 1)];
    const length = entry & 15;
    if (length === 0) throw new RangeError('bits that are no code');
    this.#drop(length);
    return entry >> 4;
  }

  #take(count) {
    if (count === 0) return 0;
    this.#fill();
    const value = this.#bits & ((1 << count) - 1);
    this.#drop(count);
    return value;
  }

  #fill() {
    while (this.#bitCount <= 16 && this.#at < this.#in.length) {
      this.#bits |= this.#in[this.#at++] << this.#bitCount;
      this.#bitCount += 8;
    }
  }

  #drop(count) {
    if (count > this.#bitCount) throw new RangeError('the data is cut off');
    this.#bits >>>= count;
    this.#bitCount -= count;
  }

  #alignToOctet() {
    this.#bits >>>= this.#bitCount & 7;
    this.#bitCount -= this.#bitCount & 7;
    // Whole octets go back where they came from.
    this.#at -= this.#bitCount / 8;
    this.#bits = 0;
    this.#bitCount = 0;
  }

  #reserve(byteLength) {
    if (this.#end + byteLength <= this.#out.length) return;
    const grown = Buffer.alloc(2 * (this.#end + byteLength));
    this.#out.copy(grown, 0, 0, this.#end);
    this.#out = grown;
  }
}

/** Codes whose extra bits grow by one with every `step` of them, after twice as many without. */
function codeValues(first, count, step) {
  const codes = [];
  let value = first;
  for (let code = 0; code < count; code += 1) {
    const extra = Math.max(0, Math.floor(code / step) - 1);
    codes.push([value, extra]);
    value += 2 ** extra;
  }
  return codes;
}

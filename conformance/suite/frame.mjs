/**
 * Frames of RFC 6455 5.2, written from the RFC alone: an encoder that can also break the rules, and a decoder that
 * forgives nothing. The suite must not share a line with what it judges.
 */
import { ByteQueue } from './byte-queue.mjs';

export const OPCODE = Object.freeze({ continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 });

const EMPTY = Buffer.alloc(0);
const KNOWN_OPCODES = new Set(Object.values(OPCODE));
const MAX_CONTROL_PAYLOAD = 125;

/** What the subject did wrong, as a sentence with the section of RFC 6455 that forbids it. */
export class Violation extends Error {}

/**
 * Encode one frame.
 *
 * @param frame.opcode - 0 to 15
 * @param frame.payload - bytes, unmasked
 * @param frame.fin - default true
 * @param frame.rsv - RSV1 to RSV3 as a number, 0 to 7
 * @param frame.lengthBits - 7, 16 or 64 forces an encoding of the length; default the shortest
 * @param frame.claims - the length that the header states, where that is not the payload's (a BigInt)
 * @param maskKey - four octets, or undefined for an unmasked frame
 */
export function encodeFrame({ opcode, payload = EMPTY, fin = true, rsv = 0, lengthBits, claims }, maskKey) {
  const length = claims ?? BigInt(payload.length);
  const shortest = length <= 125n ? 7 : length <= 0xffffn ? 16 : 64;
  const bits = lengthBits ?? shortest;
  const extension = bits === 7 ? 0 : bits / 8;
  const head = Buffer.alloc(2 + extension);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (maskKey ? 0x80 : 0) | (bits === 7 ? Number(length) : bits === 16 ? 126 : 127);
  if (bits === 16) head.writeUInt16BE(Number(length), 2);
  if (bits === 64) head.writeBigUInt64BE(length, 2);
  if (!maskKey) return Buffer.concat([head, payload]);
  return Buffer.concat([head, maskKey, applyMask(payload, maskKey)]);
}

/** Cut `payload` into the frames of one message, `size` octets each; an empty one has one frame. */
export function cutIntoFrames(opcode, payload, size = payload.length) {
  const frames = [];
  let start = 0;
  do {
    const isLast = start + size >= payload.length;
    const part = payload.subarray(start, start + size);
    frames.push({ opcode: start === 0 ? opcode : OPCODE.continuation, payload: part, fin: isLast });
    start += size;
  } while (start < payload.length);
  return frames;
}

/** The same for what permessage-deflate made of a message: RSV1 is set on the first frame (RFC 7692 6.1). */
export function compressedFragments(opcode, deflated, size) {
  return cutIntoFrames(opcode, deflated, size).map((frame, index) => ({
    ...frame,
    rsv: index === 0 ? 4 : 0,
  }));
}

/** XOR a copy of `payload` with `key`, RFC 6455 5.3. */
function applyMask(payload, key) {
  const masked = Buffer.allocUnsafe(payload.length);
  for (let index = 0; index < payload.length; index += 1) masked[index] = payload[index] ^ key[index & 3];
  return masked;
}

/** Cuts a stream into frames and throws a {@link Violation} at the first rule of section 5 that it breaks. */
export class FrameDecoder {
  #queue = new ByteQueue();
  #expectMask;
  #allowRsv1;
  #header;

  /**
   * @param options.expectMask - whether the sender is a client, whose frames must all be masked
   * @param options.allowRsv1 - whether permessage-deflate was agreed on (RFC 7692 6)
   */
  constructor({ expectMask, allowRsv1 = false }) {
    this.#expectMask = expectMask;
    this.#allowRsv1 = allowRsv1;
  }

  /** Whether the stream stands between two frames. */
  get isAtBoundary() {
    return this.#header === undefined && this.#queue.length === 0;
  }

  /** Take the next bytes of the stream; yields every frame that they complete. */
  *push(chunk) {
    this.#queue.push(chunk);
    for (;;) {
      this.#header ??= this.#readHeader();
      if (this.#header === undefined || this.#queue.length < this.#header.length) return;
      const { length, maskKey, ...rest } = this.#header;
      this.#header = undefined;
      const payload = this.#queue.take(length);
      yield { ...rest, maskKey, payload: maskKey ? applyMask(payload, maskKey) : payload };
    }
  }

  #readHeader() {
    const peeked = this.#queue.peek(14);
    if (peeked.length < 2) return undefined;
    const fin = peeked[0] >= 0x80;
    const opcode = peeked[0] & 0x0f;
    const isMasked = peeked[1] >= 0x80;
    const shortLength = peeked[1] & 0x7f;
    checkFirstOctets(peeked[0], isMasked, shortLength, this.#expectMask);
    const rsv1 = (peeked[0] & 0x40) !== 0;
    // RFC 7692 6: the first frame of a message may carry it, no other.
    if (rsv1 && !(this.#allowRsv1 && (opcode === OPCODE.text || opcode === OPCODE.binary))) {
      throw new Violation(`a frame has RSV1 set: first octet ${hex(peeked[0])} (5.2)`);
    }
    const extension = shortLength === 126 ? 2 : shortLength === 127 ? 8 : 0;
    const size = 2 + extension + (isMasked ? 4 : 0);
    if (peeked.length < size) return undefined;
    const length = extension === 0 ? shortLength : readLongLength(peeked, extension);
    const maskKey = isMasked ? Buffer.from(peeked.subarray(size - 4, size)) : undefined;
    this.#queue.take(size);
    return { fin, rsv1, opcode, length, maskKey };
  }
}

function checkFirstOctets(first, isMasked, shortLength, expectMask) {
  const opcode = first & 0x0f;
  if (first & 0x30) throw new Violation(`a frame has reserved bits set: first octet ${hex(first)} (5.2)`);
  if (!KNOWN_OPCODES.has(opcode)) throw new Violation(`a frame has the reserved opcode ${opcode} (5.2)`);
  if (isMasked !== expectMask) {
    throw new Violation(
      isMasked ? 'a server sent a masked frame (5.1)' : 'a client sent an unmasked frame (5.1)',
    );
  }
  if (opcode < OPCODE.close) return;
  if (first < 0x80) throw new Violation(`a control frame is fragmented: opcode ${opcode} (5.5)`);
  if (shortLength > MAX_CONTROL_PAYLOAD)
    throw new Violation('a control frame is longer than 125 octets (5.5)');
}

function readLongLength(head, extension) {
  const length = extension === 2 ? BigInt(head.readUInt16BE(2)) : head.readBigUInt64BE(2);
  const least = extension === 2 ? 126n : 0x10000n;
  if (length < least) throw new Violation(`a frame spends ${extension} octets on the length ${length} (5.2)`);
  if (length > BigInt(Number.MAX_SAFE_INTEGER)) throw new Violation(`a frame claims ${length} octets (5.2)`);
  return Number(length);
}

function hex(octet) {
  return octet.toString(16).padStart(2, '0');
}

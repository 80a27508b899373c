import { Chunk } from './chunk.ts';
import type { ViolationCode } from './errors.ts';
import { DEFAULT_HABITS } from './habits.ts';
import { applyMask, rotateMask } from './mask.ts';
import { copyOf, type Natives } from './natives.ts';
import { isControlOpcode, isKnownOpcode } from './opcode.ts';

/** The longest frame header: 2 bytes, 8 of extended length, 4 of masking key (RFC 6455 section 5.2). */
const MAX_HEADER_BYTES = 14;

/** Of a lent chunk, shorter pieces are not worth a copy each. */
const MIN_LENT_PIECE_BYTES = 4096;

/** RFC 6455 section 5.5: a control frame's payload takes at most 125 bytes. */
const MAX_CONTROL_PAYLOAD_BYTES = 125;

const READING = 0;
const STOPPED = 1;
const FAILED = 2;
type Activity = typeof READING | typeof STOPPED | typeof FAILED;

/** What a frame says of itself before its payload (RFC 6455 section 5.2). */
export interface FrameHeader {
  readonly fin: boolean;
  /** RSV1, which permessage-deflate owns when negotiated (RFC 7692 section 6). */
  readonly rsv1: boolean;
  readonly opcode: number;
  /** Bytes of payload that the frame announces; up to 2^63, so an inexact number beyond 2^53. */
  readonly payloadBytes: number;
}

/** The floor below messages: what a {@link FrameReader} reports. */
export interface FrameHandler {
  /**
   * Judges what FIN, RSV1 and the opcode are in their order, which comes before the other rules of a frame alone.
   * Called with the first two bytes, and again when the header is whole if that is later; until then `payloadBytes`
   * has the seven bits with which the length begins.
   * @returns a violation to fail with, or `null` to judge on
   */
  onFrameStart(header: FrameHeader): ViolationCode | null;
  /**
   * A header is complete and obeys the rules that concern a frame alone.
   * @returns a violation to fail with, before any payload is awaited, or `null` to read on
   */
  onFrameHeader(header: FrameHeader): ViolationCode | null;
  /**
   * A piece of the payload, unmasked, as `chunk.bytes[start..end)`; an empty payload gives one empty piece.
   * The bytes are borrowed; whoever needs them after the call takes a view or, of a lent piece, a copy.
   * @param isAscii - known to be pure ASCII; `false` says nothing
   * @param isFrameEnd - this is the frame's last piece
   */
  onFramePayload(chunk: Chunk, start: number, end: number, isAscii: boolean, isFrameEnd: boolean): void;
  /**
   * The peer broke the framing rules. The reader has stopped for good.
   * @param value - the payload's length, where that is what is wrong (of a control frame, the seven bits with which it
   *   begins), else the opcode
   */
  onFrameViolation(code: ViolationCode, value: number): void;
}

/**
 * Reads frames from bytes in any chunking, unmasking in place.
 *
 * A frame passes through `header` (until 2 to 14 bytes are there), then `payload`; then the next begins.
 * @see RFC 6455 section 5.2
 */
export class FrameReader implements FrameHeader {
  fin = false;
  rsv1 = false;
  opcode = 0;
  payloadBytes = 0;
  /** The piece of payload that is being reported will be written over: whoever needs it after the call copies it. */
  isLent = false;

  readonly #handler: FrameHandler;
  readonly #natives: Natives;
  readonly #expectsMask: boolean;
  readonly #allowsLongLengths: boolean;
  #stash: Uint8Array | null = null;
  #stashedBytes = 0;
  #isInPayload = false;
  #remainingBytes = 0;
  #maskKey = 0;
  #activity: Activity = READING;

  /**
   * @param expectsMask - `true` on the server, whose peer must mask; `false` on the client, whose peer must not
   *   (RFC 6455 section 5.1)
   * @param allowsLongLengths - see `Habits`
   */
  constructor(
    handler: FrameHandler,
    natives: Natives,
    expectsMask: boolean,
    allowsLongLengths: boolean = DEFAULT_HABITS.allowsLongLengths,
  ) {
    this.#handler = handler;
    this.#natives = natives;
    this.#expectsMask = expectsMask;
    this.#allowsLongLengths = allowsLongLengths;
  }

  /** Between two frames, and not stopped: nothing is kept. */
  get isAtRest(): boolean {
    return !this.#isInPayload && this.#stash === null && this.#activity === READING;
  }

  /** A part of a frame's header, or of its payload, is here and the rest is not. */
  get isWithinFrame(): boolean {
    return this.#stashedBytes > 0 || (this.#isInPayload && this.#remainingBytes < this.payloadBytes);
  }

  /** Makes {@link read} return after the piece in hand. */
  stop(): void {
    if (this.#activity === READING) this.#activity = STOPPED;
  }

  /** Undoes {@link stop}. */
  resume(): void {
    if (this.#activity === STOPPED) this.#activity = READING;
  }

  /** Stops for good: what follows a violation means nothing. */
  fail(): void {
    this.#activity = FAILED;
  }

  /**
   * Reads `bytes` from `start` on. The reader owns them: it writes the unmasked payload back into them, and reports
   * pieces that stay what they are.
   * @returns where it stopped: `bytes.length`, or less after {@link stop}
   */
  read(bytes: Uint8Array, start: number): number {
    this.isLent = false;
    const chunk = new Chunk(this.#natives, bytes, this.#expectsMask);
    let at = start;
    while (at < bytes.length && this.#activity === READING) {
      at = this.#isInPayload ? this.#readPayload(chunk, at) : this.#readHeader(bytes, at);
    }
    return at;
  }

  /**
   * As {@link read}, of bytes that will be written over. Large pieces of payload are reported as they lie there, with
   * {@link isLent}; from the first small one on, all the rest is copied at once.
   */
  readLent(bytes: Uint8Array, start: number): number {
    this.isLent = true;
    const chunk = new Chunk(this.#natives, bytes, this.#expectsMask);
    let at = start;
    while (at < bytes.length && this.#activity === READING) {
      if (!this.#isInPayload) {
        at = this.#readHeader(bytes, at);
      } else if (Math.min(bytes.length - at, this.#remainingBytes) >= MIN_LENT_PIECE_BYTES) {
        at = this.#readPayload(chunk, at);
      } else {
        return at + this.read(copyOf(this.#natives, bytes, at, bytes.length), 0);
      }
    }
    return at;
  }

  #readHeader(bytes: Uint8Array, start: number): number {
    if (this.#stashedBytes > 0) return this.#readStashedHeader(bytes, start);
    const headerBytes = this.#headerLength(bytes, start, bytes.length);
    if (headerBytes > bytes.length - start) {
      const isFit = bytes.length - start < 2 || this.#readStart(bytes[start]!, bytes[start + 1]!);
      if (isFit) this.#stashHeader(bytes, start, bytes.length);
      return bytes.length;
    }
    const at = start + headerBytes;
    this.#parseHeader(bytes, start, at);
    this.#beginPayload();
    return at;
  }

  /** A header cut by the end of a chunk is put together byte by byte. */
  #readStashedHeader(bytes: Uint8Array, start: number): number {
    const stash = this.#stash!;
    let at = start;
    while (this.#stashedBytes < this.#headerLength(stash, 0, this.#stashedBytes)) {
      if (at === bytes.length) return at;
      stash[this.#stashedBytes++] = bytes[at++]!;
      if (this.#stashedBytes === 2 && !this.#readStart(stash[0]!, stash[1]!)) return at;
    }
    const headerBytes = this.#stashedBytes;
    this.#stashedBytes = 0;
    this.#stash = null;
    this.#parseHeader(stash, 0, headerBytes);
    this.#beginPayload();
    return at;
  }

  #stashHeader(bytes: Uint8Array, start: number, end: number): void {
    this.#stash = new Uint8Array(MAX_HEADER_BYTES);
    this.#stash.set(bytes.subarray(start, end));
    this.#stashedBytes = end - start;
  }

  /** How long the header at `start` is, as far as its first two bytes, if there, tell. */
  #headerLength(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < 2) return 2;
    const second = bytes[start + 1]!;
    const length = second & 0x7f;
    return 2 + (length < 126 ? 0 : length === 126 ? 2 : 8) + (second & 0x80 ? 4 : 0);
  }

  #parseHeader(bytes: Uint8Array, start: number, end: number): void {
    const second = bytes[start + 1]!;
    if (!this.#readStart(bytes[start]!, second)) return;
    this.payloadBytes = readLength(bytes, start);
    this.#maskKey = second & 0x80 ? readMask(bytes, end - 4) : 0;
    const code = this.#judgeLength(second & 0x7f, bytes[start + 2]!);
    if (code !== null) this.#violate(code);
  }

  /**
   * Reads the first two bytes of a header. What is wrong with them is wrong whatever follows, and a peer that sent
   * them may send no more.
   */
  #readStart(first: number, second: number): boolean {
    this.fin = (first & 0x80) !== 0;
    this.rsv1 = (first & 0x40) !== 0;
    this.opcode = first & 0x0f;
    this.payloadBytes = second & 0x7f;
    const code = this.#judgeStart(first, second);
    if (code !== null) this.#violate(code);
    return code === null;
  }

  /** Where one header breaks several rules, `ws` names the same one first. */
  #judgeStart(first: number, second: number): ViolationCode | null {
    // RFC 6455 5.2: a reserved bit must be 0 unless an extension defines it; none here defines RSV2 or RSV3.
    if (first & 0x30) return 'WS_ERR_UNEXPECTED_RSV_2_3';
    const code = this.#handler.onFrameStart(this);
    if (code !== null) return code;
    if (!isKnownOpcode(this.opcode)) return 'WS_ERR_INVALID_OPCODE';
    if (isControlOpcode(this.opcode)) {
      // RFC 6455 5.5
      if (!this.fin) return 'WS_ERR_EXPECTED_FIN';
      if (this.payloadBytes > MAX_CONTROL_PAYLOAD_BYTES) return 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH';
    }
    // RFC 6455 5.1
    if (((second & 0x80) !== 0) === this.#expectsMask) return null;
    return this.#expectsMask ? 'WS_ERR_EXPECTED_MASK' : 'WS_ERR_UNEXPECTED_MASK';
  }

  #judgeLength(shortForm: number, third: number): ViolationCode | null {
    // RFC 6455 5.2: "the minimal number of bytes MUST be used"; of 64 bits, "the most significant MUST be 0".
    const isMinimal = shortForm < 126 || this.payloadBytes > (shortForm === 126 ? 125 : 0xffff);
    const isWellFormed = isMinimal && (shortForm < 127 || third < 0x80);
    if (!isWellFormed && !this.#allowsLongLengths) return 'WS_ERR_INVALID_PAYLOAD_LENGTH';
    return this.#handler.onFrameHeader(this);
  }

  #violate(code: ViolationCode): void {
    this.fail();
    this.#handler.onFrameViolation(code, code.endsWith('_LENGTH') ? this.payloadBytes : this.opcode);
  }

  #beginPayload(): void {
    if (this.#activity === FAILED) return;
    this.#remainingBytes = this.payloadBytes;
    // Not of the chunk, which it would keep alive for nothing.
    if (this.payloadBytes === 0) this.#handler.onFramePayload(this.#noBytes(), 0, 0, true, true);
    else this.#isInPayload = true;
  }

  #noBytes(): Chunk {
    return new Chunk(this.#natives, this.#natives.allocate(0), false);
  }

  #readPayload(chunk: Chunk, start: number): number {
    const end = Math.min(chunk.bytes.length, start + this.#remainingBytes);
    let isAscii = false;
    if (this.#expectsMask) {
      isAscii = applyMask(this.#natives, chunk, start, end, this.#maskKey);
      this.#maskKey = rotateMask(this.#maskKey, end - start);
    }
    this.#remainingBytes -= end - start;
    this.#isInPayload = this.#remainingBytes > 0;
    this.#handler.onFramePayload(chunk, start, end, isAscii, !this.#isInPayload);
    return end;
  }
}

function readLength(bytes: Uint8Array, start: number): number {
  const length = bytes[start + 1]! & 0x7f;
  if (length < 126) return length;
  const byteCount = length === 126 ? 2 : 8;
  let value = 0;
  for (let i = 0; i < byteCount; i++) value = value * 256 + bytes[start + 2 + i]!;
  return value;
}

function readMask(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

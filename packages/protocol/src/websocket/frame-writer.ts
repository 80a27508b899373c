import { applyMask } from './mask.ts';
import type { ReceivedMessage } from './received-message.ts';
import type { Slab } from './slab.ts';

/**
 * Up to this many bytes a payload is copied behind its header into the slab; above, it goes out as a chunk of
 * its own. Paid for by `npm run bench -- --only echo-16k`.
 */
export const MAX_COPIED_BYTES = 4096;

/** Texts of at most this many UTF-16 units are encoded straight into the slab, at up to three bytes a unit. */
const MAX_DIRECT_TEXT_UNITS = 4096;

/** Takes runs of bytes in the order in which they are to be written. */
export interface RunSink {
  /** Takes `bytes[start..end)`, borrowed until written. */
  append(bytes: Uint8Array, start: number, end: number): void;
}

/** Returns the first byte of a frame: FIN, RSV1 and the opcode (RFC 6455 section 5.2). */
export function firstByteOf(opcode: number, fin: boolean, rsv1: boolean): number {
  return (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode;
}

/**
 * Writes a frame with `payload`: copied where it is small or has to be masked, else borrowed.
 *
 * @param mask - masking key as an integer, its first byte lowest; `null` from a server (RFC 6455 section 5.1)
 */
export function writeFrame(
  sink: RunSink,
  slab: Slab,
  firstByte: number,
  payload: Uint8Array,
  mask: number | null,
): void {
  const payloadBytes = payload.length;
  const isCopied = payloadBytes <= MAX_COPIED_BYTES || mask !== null;
  if (!isCopied && writeInPlace(sink, slab.received, firstByte, payload)) return;
  slab.reserve(headerLength(payloadBytes, mask) + (isCopied ? payloadBytes : 0));
  const { bytes, natives, used } = slab;
  let end = writeHeader(bytes, used, firstByte, payloadBytes, mask);
  if (isCopied) {
    bytes.set(payload, end);
    end += payloadBytes;
    if (mask !== null) applyMask(natives, slab.chunk, end - payloadBytes, end, mask);
  }
  slab.take(end);
  sink.append(bytes, used, end);
  if (!isCopied) sink.append(payload, 0, payloadBytes);
}

/** Writes a frame whose payload is `text` as UTF-8, a lone surrogate as U+FFFD. */
export function writeTextFrame(
  sink: RunSink,
  slab: Slab,
  firstByte: number,
  text: string,
  mask: number | null,
): void {
  const { natives } = slab;
  const isDirect = text.length <= MAX_DIRECT_TEXT_UNITS;
  const maxBytes = isDirect ? text.length * 3 : natives.utf8Length(text);
  slab.reserve(headerLength(maxBytes, mask) + maxBytes);
  const { bytes, used } = slab;
  // Most text is ASCII: guess its length, and move the payload where the guess was wrong.
  const guess = used + headerLength(isDirect ? text.length : maxBytes, mask);
  const payloadBytes = natives.writeUtf8(bytes, text, guess);
  const at = used + headerLength(payloadBytes, mask);
  if (at !== guess) bytes.copyWithin(at, guess, guess + payloadBytes);
  writeHeader(bytes, used, firstByte, payloadBytes, mask);
  const end = at + payloadBytes;
  if (mask !== null) applyMask(natives, slab.chunk, at, end, mask);
  slab.take(end);
  sink.append(bytes, used, end);
}

/** Writes the header in front of a received message that is sent on, if `payload` is one. */
function writeInPlace(
  sink: RunSink,
  received: ReceivedMessage | null,
  firstByte: number,
  payload: Uint8Array,
): boolean {
  if (received === null || received.data !== payload || !received.claim(firstByte)) return false;
  writeHeader(received.bytes, 0, firstByte, payload.length, null);
  sink.append(received.bytes, 0, received.bytes.length);
  return true;
}

/** Returns how many bytes a header takes (RFC 6455 section 5.2). */
export function headerLength(payloadBytes: number, mask: number | null): number {
  return (payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10) + (mask === null ? 0 : 4);
}

/** Writes a header at `target[at..]` and returns the offset behind it. */
export function writeHeader(
  target: Uint8Array,
  at: number,
  firstByte: number,
  payloadBytes: number,
  mask: number | null,
): number {
  const maskBit = mask === null ? 0 : 0x80;
  target[at++] = firstByte;
  if (payloadBytes < 126) {
    target[at++] = maskBit | payloadBytes;
  } else if (payloadBytes < 65_536) {
    target[at++] = maskBit | 126;
    target[at++] = payloadBytes >>> 8;
    target[at++] = payloadBytes;
  } else {
    target[at++] = maskBit | 127;
    for (let scale = 2 ** 56; scale >= 1; scale /= 256) target[at++] = Math.floor(payloadBytes / scale);
  }
  if (mask !== null) for (let shift = 0; shift < 32; shift += 8) target[at++] = mask >>> shift;
  return at;
}

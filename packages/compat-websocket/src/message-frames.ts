import {
  firstByteOf,
  MAX_COPIED_BYTES,
  Opcode,
  writeFrame,
  writeTextFrame,
} from '@hawser/protocol/websocket';
import type { ConnectionConfig } from './options.ts';
import type { FrameSink, WriteCallback } from './output.ts';
import { natives, slab } from './shared-memory.ts';

/** RFC 6455 section 5.5: what a control frame carries at most. */
const MAX_CONTROL_BYTES = 125;
/** What is left of a longer ping or pong: one byte less than would fit, as `websocket` has it. */
const CUT_CONTROL_BYTES = 124;

/**
 * Writes a message in as many frames as the configuration wants.
 *
 * @param data - a string goes out as text, bytes as binary; the caller may write into them afterwards
 * @param callback - for the last frame: what was before it has left with it
 */
export function writeMessage(
  target: FrameSink,
  config: ConnectionConfig,
  data: string | Uint8Array,
  callback?: WriteCallback,
): void {
  const maxBytes = fragmentBytes(config);
  if (typeof data !== 'string') {
    // Large payloads are not copied into the slab but written from where they are, at the end of the turn.
    const isBorrowed = data.length > MAX_COPIED_BYTES && !target.isMasked;
    writeFragments(target, maxBytes, Opcode.BINARY, isBorrowed ? Buffer.from(data) : data, callback);
  } else if (data.length * 3 <= maxBytes) {
    writeTextFrame(target.open(), slab, firstByteOf(Opcode.TEXT, true, false), data, nextMask(target));
    target.written(callback);
  } else {
    writeFragments(target, maxBytes, Opcode.TEXT, Buffer.from(data), callback);
  }
}

/** Writes one frame, whose payload is small or nobody else's. @returns what {@link FrameSink.written} does */
export function writeSingleFrame(
  target: FrameSink,
  firstByte: number,
  payload: Uint8Array,
  callback?: WriteCallback,
): boolean {
  writeFrame(target.open(), slab, firstByte, payload, nextMask(target));
  return target.written(callback);
}

/** Writes a ping or a pong, of whose payload the end is cut off where it does not fit. */
export function writePingOrPong(target: FrameSink, opcode: number, payload: Buffer): void {
  if (!Buffer.isBuffer(payload)) throw new TypeError('a ping or pong carries a Buffer');
  const cut = payload.length > MAX_CONTROL_BYTES ? payload.subarray(0, CUT_CONTROL_BYTES) : payload;
  writeSingleFrame(target, firstByteOf(opcode, true, false), cut);
}

/** Most payload bytes that an outgoing frame has. */
export function fragmentBytes({
  fragmentOutgoingMessages,
  fragmentationThreshold,
}: ConnectionConfig): number {
  const isLimited =
    fragmentOutgoingMessages && fragmentationThreshold !== undefined && fragmentationThreshold >= 1;
  return isLimited ? Math.floor(fragmentationThreshold) : Number.POSITIVE_INFINITY;
}

/** Writes the payload of a data message, which the caller must not change any more, in frames of `maxBytes`. */
export function writeFragments(
  target: FrameSink,
  maxBytes: number,
  opcode: number,
  data: Uint8Array,
  callback?: WriteCallback,
): void {
  for (let start = 0; ; start += maxBytes) {
    const isLast = data.length - start <= maxBytes;
    const firstByte = firstByteOf(start === 0 ? opcode : Opcode.CONTINUATION, isLast, false);
    const payload = data.subarray(start, start + maxBytes);
    writeSingleFrame(target, firstByte, payload, isLast ? callback : undefined);
    if (isLast) return;
  }
}

/** Returns a masking key where one is needed. */
function nextMask({ isMasked }: FrameSink): number | null {
  return isMasked ? natives.randomMask() : null;
}

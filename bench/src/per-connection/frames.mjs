import { constants, deflateRawSync } from 'node:zlib';
import { payload } from '../payload.mjs';

const BINARY = 0x82;
const PING = 0x89;
const RSV1 = 0x40;
const SYNC_TAIL_BYTES = 4;

/** A pong whose mask is zero. */
export const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/** A binary message as a client's frame. Its mask is zero, so that the payload is what it is. */
export function messageFrame(byteLength, isCompressed) {
  const plain = payload(byteLength);
  // Refers to nothing before it, so it can be sent again and again, with or without context takeover.
  const data = isCompressed
    ? deflateRawSync(plain, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -SYNC_TAIL_BYTES)
    : plain;
  const length = data.length < 126 ? [data.length] : [126, data.length >> 8, data.length & 0xff];
  length[0] |= 0x80;
  return Buffer.concat([Buffer.from([isCompressed ? BINARY | RSV1 : BINARY, ...length, 0, 0, 0, 0]), data]);
}

/** Counts the frames of a server, which are all shorter than 64 KiB and come in any chunking. */
export class FrameCounter {
  #rest = Buffer.alloc(0);

  /** Returns how many pings and how many other frames `chunk` completes. */
  count(chunk) {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const counts = { pings: 0, messages: 0 };
    for (let length = frameLength(bytes); length <= bytes.length; length = frameLength(bytes)) {
      if (bytes[0] === PING) counts.pings++;
      else counts.messages++;
      bytes = bytes.subarray(length);
    }
    this.#rest = Buffer.from(bytes);
    return counts;
  }
}

/** Returns the length of the first frame with its header, or Infinity where the header is not there yet. */
function frameLength(bytes) {
  if (bytes.length < 2) return Infinity;
  if (bytes[1] < 126) return 2 + bytes[1];
  return bytes.length < 4 ? Infinity : 4 + bytes.readUInt16BE(2);
}

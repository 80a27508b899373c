import { decodeBase64 } from './base64.ts';
import type { Codec, DecodedPayload, PayloadLimits } from './codec.ts';
import type { ViolationCode } from './errors.ts';
import type { Natives } from './natives.ts';
import {
  decodeTextPacket,
  encodeTextPacket,
  numberOf,
  type Packet,
  type PacketType,
  packetOf,
} from './packet.ts';
import { PayloadReader } from './payload-reader.ts';

const DIGIT_ZERO = 48;

/** What a packet of a binary payload begins with, and what ends its length. */
const TEXT_MARK = 0;
const BINARY_MARK = 1;
const LENGTH_END = 255;

/** More digits than any length that memory has room for. */
const MAX_LENGTH_DIGITS = 15;

/** One packet of a binary payload, its length known. */
interface Sized {
  readonly frame: string | Uint8Array;
  readonly byteLength: number;
  readonly digits: string;
}

/**
 * Version 3, which Socket.IO 1 and 2 speak: binary carries its type as the first byte, or as `b<type><base64>` in
 * text. A payload is `<length>:<packet>...`, counted in UTF-16 units, or with binary in it
 * `<0 or 1><digits of the length><255><packet>...`, each of these a byte.
 */
export class CodecV3 implements Codec {
  readonly #natives: Natives;
  readonly #limits: PayloadLimits;

  constructor(natives: Natives, limits: PayloadLimits) {
    this.#natives = natives;
    this.#limits = limits;
  }

  encodeFrame(type: PacketType, data: string | Uint8Array): string | Uint8Array {
    if (typeof data === 'string') return encodeTextPacket(type, data);
    const frame = this.#natives.allocate(1 + data.length);
    frame[0] = numberOf(type);
    frame.set(data, 1);
    return frame;
  }

  decodeFrame(frame: string | Uint8Array): Packet | ViolationCode {
    if (typeof frame !== 'string') return packetOf(frame[0] ?? -1, frame.subarray(1));
    if (!frame.startsWith('b')) return decodeTextPacket(frame);
    const data = decodeBase64(this.#natives, frame, 2);
    return data === null ? 'EIO_ERR_INVALID_BASE64' : packetOf(frame.charCodeAt(1) - DIGIT_ZERO, data);
  }

  encodePayload(packets: readonly Packet[], allowsBinary: boolean): string | Uint8Array {
    if (allowsBinary && packets.some(({ data }) => typeof data !== 'string')) {
      return this.#encodeBinaryPayload(packets);
    }
    return packets
      .map(({ type, data }) => {
        const text =
          typeof data === 'string'
            ? encodeTextPacket(type, data)
            : `b${numberOf(type)}${this.#natives.encodeBase64(data)}`;
        return `${text.length}:${text}`;
      })
      .join('');
  }

  decodePayload(body: string | Uint8Array): DecodedPayload {
    const reader = new PayloadReader(this.#limits, body.length);
    if (body.length === 0) reader.violation = 'EIO_ERR_INVALID_PAYLOAD';
    let at = 0;
    while (reader.violation === null && at < body.length) {
      at = typeof body === 'string' ? this.#readText(body, at, reader) : this.#readBinary(body, at, reader);
    }
    return reader;
  }

  #encodeBinaryPayload(packets: readonly Packet[]): Uint8Array {
    const sized = packets.map(({ type, data }) => this.#measure(this.encodeFrame(type, data)));
    const total = sized.reduce((sum, { byteLength, digits }) => sum + 2 + digits.length + byteLength, 0);
    const payload = this.#natives.allocate(total);
    let at = 0;
    for (const { frame, byteLength, digits } of sized) {
      payload[at++] = typeof frame === 'string' ? TEXT_MARK : BINARY_MARK;
      for (let i = 0; i < digits.length; i++) payload[at++] = digits.charCodeAt(i) - DIGIT_ZERO;
      payload[at++] = LENGTH_END;
      if (typeof frame === 'string') this.#natives.writeUtf8(payload, frame, at);
      else payload.set(frame, at);
      at += byteLength;
    }
    return payload;
  }

  #measure(frame: string | Uint8Array): Sized {
    const byteLength = typeof frame === 'string' ? this.#natives.utf8Length(frame) : frame.length;
    return { frame, byteLength, digits: String(byteLength) };
  }

  /** Reads `<length>:<packet>` at `start` and returns where the next begins. */
  #readText(body: string, start: number, reader: PayloadReader): number {
    const digitsEnd = body.indexOf(':', start);
    const length =
      digitsEnd === -1 ? -1 : readLength((i) => body.charCodeAt(i) - DIGIT_ZERO, start, digitsEnd);
    const packetStart = digitsEnd + 1;
    const end = packetStart + length;
    if (length < 0 || end > body.length) reader.violation = 'EIO_ERR_INVALID_PAYLOAD';
    // What upstream sends when it has nothing to say.
    else if (length > 0) reader.take(this.decodeFrame(body.slice(packetStart, end)));
    return end;
  }

  /** Reads `<0 or 1><digits><255><packet>` at `start` and returns where the next begins. */
  #readBinary(body: Uint8Array, start: number, reader: PayloadReader): number {
    const mark = body[start]!;
    const digitsEnd = body.indexOf(LENGTH_END, start + 1);
    const length = digitsEnd === -1 ? -1 : readLength((i) => body[i]!, start + 1, digitsEnd);
    const packetStart = digitsEnd + 1;
    const end = packetStart + length;
    if (mark > BINARY_MARK || length < 0 || end > body.length) {
      reader.violation = 'EIO_ERR_INVALID_PAYLOAD';
    } else {
      const frame = body.subarray(packetStart, end);
      reader.take(this.decodeFrame(mark === TEXT_MARK ? this.#natives.readUtf8(frame) : frame));
    }
    return end;
  }
}

/** Returns the number that the digits between two places make, or -1 where they make none. */
function readLength(digitAt: (index: number) => number, start: number, end: number): number {
  if (start === end || end - start > MAX_LENGTH_DIGITS) return -1;
  let length = 0;
  for (let i = start; i < end; i++) {
    const digit = digitAt(i);
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length;
}

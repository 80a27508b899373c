import { ByteList } from '../websocket/byte-list.ts';
import type { Codec } from './codec.ts';
import type { ViolationCode } from './errors.ts';
import type { Natives } from './natives.ts';
import type { Packet } from './packet.ts';

/** The high bit of a header's first byte: the payload is binary. */
const BINARY_BIT = 0x80;
/** What the other bits say where the length takes 2 or 8 more bytes; less is the length itself. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MAX_HEADER_BYTES = 9;
const TWO_32 = 2 ** 32;

/**
 * Returns one packet, as a codec made it for a WebSocket, with the header that a stream of bytes needs.
 * @see https://socket.io/docs/v4/engine-io-protocol/
 */
export function encodeStreamFrame(natives: Natives, frame: string | Uint8Array): Uint8Array {
  const payload = toPayload(frame);
  const byteLength = typeof payload === 'string' ? natives.utf8Length(payload) : payload.length;
  const headerBytes = headerBytesFor(byteLength);
  const bytes = natives.allocate(headerBytes + byteLength);
  writeHeader(bytes, headerBytes, byteLength, typeof payload === 'string' ? 0 : BINARY_BIT);
  if (typeof payload === 'string') natives.writeUtf8(bytes, payload, headerBytes);
  else bytes.set(payload, headerBytes);
  return bytes;
}

/** As {@link encodeStreamFrame}, but header and payload apart: binary data is not copied. */
export function encodeStreamParts(natives: Natives, frame: string | Uint8Array): [Uint8Array, Uint8Array] {
  const payload = toPayload(frame);
  if (typeof payload === 'string') {
    const bytes = encodeStreamFrame(natives, payload);
    const headerBytes = headerBytesFor(natives.utf8Length(payload));
    return [bytes.subarray(0, headerBytes), bytes.subarray(headerBytes)];
  }
  const headerBytes = headerBytesFor(payload.length);
  const header = natives.allocate(headerBytes);
  writeHeader(header, headerBytes, payload.length, BINARY_BIT);
  return [header, payload];
}

/** What a {@link StreamReader} reports. */
export interface StreamHandler {
  onPacket(packet: Packet): void;
  /** The peer broke the rules. The reader has stopped for good. */
  onViolation(code: ViolationCode): void;
}

/**
 * Reads packets from a stream of bytes, in any chunking: a header of 1, 3 or 9 bytes, then the payload.
 * What is incomplete is kept, at most `maxFrameBytes` of it.
 */
export class StreamReader {
  /** May be set: frames that begin then are bounded by it. */
  maxFrameBytes: number;
  readonly #handler: StreamHandler;
  readonly #codec: Codec;
  readonly #natives: Natives;
  readonly #header = new Uint8Array(MAX_HEADER_BYTES);
  #headerBytes = 0;
  #isInPayload = false;
  #remainingBytes = 0;
  #payload: ByteList | null = null;
  #isStopped = false;

  constructor(handler: StreamHandler, codec: Codec, natives: Natives, maxFrameBytes: number) {
    this.#handler = handler;
    this.#codec = codec;
    this.#natives = natives;
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Takes in what the stream read. The reader owns `chunk` from here on: data may be views of it. */
  receive(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && !this.#isStopped) {
      at = this.#isInPayload ? this.#readPayload(chunk, at) : this.#readHeaderByte(chunk, at);
    }
  }

  /** Ignores what follows. */
  stop(): void {
    this.#isStopped = true;
    this.#payload = null;
  }

  #readHeaderByte(chunk: Uint8Array, at: number): number {
    const header = this.#header;
    header[this.#headerBytes++] = chunk[at]!;
    const shortLength = header[0]! & ~BINARY_BIT;
    const headerBytes = shortLength < LENGTH_16 ? 1 : shortLength === LENGTH_16 ? 3 : MAX_HEADER_BYTES;
    if (this.#headerBytes === headerBytes) {
      this.#beginPayload(headerBytes === 1 ? shortLength : readInteger(header, 1, headerBytes));
    }
    return at + 1;
  }

  #beginPayload(byteLength: number): void {
    this.#headerBytes = 0;
    if (byteLength > this.maxFrameBytes) {
      this.#violate('EIO_ERR_PAYLOAD_TOO_LARGE');
    } else if (byteLength === 0) {
      this.#deliver(this.#natives.allocate(0));
    } else {
      this.#isInPayload = true;
      this.#remainingBytes = byteLength;
    }
  }

  #readPayload(chunk: Uint8Array, start: number): number {
    const end = Math.min(chunk.length, start + this.#remainingBytes);
    this.#remainingBytes -= end - start;
    if (this.#remainingBytes > 0) {
      this.#payload ??= new ByteList(this.#natives);
      this.#payload.append(chunk, start, end);
    } else {
      this.#payload?.append(chunk, start, end);
      const bytes = this.#payload?.join() ?? chunk.subarray(start, end);
      this.#payload = null;
      this.#isInPayload = false;
      this.#deliver(bytes);
    }
    return end;
  }

  #deliver(bytes: Uint8Array): void {
    const isBinary = (this.#header[0]! & BINARY_BIT) !== 0;
    const packet = this.#codec.decodeFrame(isBinary ? bytes : this.#natives.readUtf8(bytes));
    if (typeof packet === 'string') this.#violate(packet);
    else this.#handler.onPacket(packet);
  }

  #violate(code: ViolationCode): void {
    this.stop();
    this.#handler.onViolation(code);
  }
}

/** A frame without payload is an error to upstream's decoder; empty binary data can also be said in text. */
function toPayload(frame: string | Uint8Array): string | Uint8Array {
  return frame.length === 0 ? 'b' : frame;
}

function headerBytesFor(byteLength: number): number {
  return byteLength < LENGTH_16 ? 1 : byteLength <= 0xffff ? 3 : MAX_HEADER_BYTES;
}

function writeHeader(bytes: Uint8Array, headerBytes: number, byteLength: number, binaryBit: number): void {
  if (headerBytes === 1) {
    bytes[0] = byteLength | binaryBit;
    return;
  }
  bytes[0] = (headerBytes === 3 ? LENGTH_16 : LENGTH_64) | binaryBit;
  if (headerBytes === MAX_HEADER_BYTES) {
    writeInteger(bytes, 1, 5, Math.floor(byteLength / TWO_32));
    writeInteger(bytes, 5, 9, byteLength);
  } else {
    writeInteger(bytes, 1, 3, byteLength);
  }
}

/** Writes the low bits of `value` into `bytes[start..end)`, at most four, the highest first. */
function writeInteger(bytes: Uint8Array, start: number, end: number, value: number): void {
  for (let i = end - 1; i >= start; i--) {
    bytes[i] = value;
    value >>>= 8;
  }
}

/** Up to 2^64, so an inexact number beyond 2^53. */
function readInteger(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) value = value * 256 + bytes[i]!;
  return value;
}

/** A frame byte by byte, written without the code under test. */
export interface RawFrame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly fin: boolean;
  readonly rsv: number;
  readonly isMasked: boolean;
}

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

const MASK_KEY = Buffer.from([0x12, 0x34, 0x56, 0x78]);

export interface FrameOptions {
  readonly fin?: boolean;
  readonly rsv?: number;
  /** Whether to mask, as clients must. */
  readonly mask?: boolean;
}

/** Writes a frame, masked unless told otherwise. */
export function frame(opcode: number, payload: string | Uint8Array = '', options: FrameOptions = {}): Buffer {
  const { fin = true, rsv = 0, mask = true } = options;
  const body = Buffer.from(payload as Uint8Array);
  const header = frameHeader((fin ? 0x80 : 0) | (rsv << 4) | opcode, body.length, mask);
  if (!mask) return Buffer.concat([header, body]);
  for (let i = 0; i < body.length; i++) body[i]! ^= MASK_KEY[i & 3]!;
  return Buffer.concat([header, MASK_KEY, body]);
}

/** Writes a frame as a server does: unmasked. */
export function serverFrame(opcode: number, payload: string | Uint8Array = '', fin = true): Buffer {
  return frame(opcode, payload, { fin, mask: false });
}

/** Writes the payload of a close frame. */
export function closePayload(code: number, reason = ''): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

/** Writes the header without its masking key; `length` may lie. */
export function frameHeader(firstByte: number, length: number, mask: boolean): Buffer {
  const maskBit = mask ? 0x80 : 0;
  if (length < 126) return Buffer.from([firstByte, maskBit | length]);
  const header = Buffer.alloc(length < 65_536 ? 4 : 10);
  header[0] = firstByte;
  header[1] = maskBit | (length < 65_536 ? 126 : 127);
  if (length < 65_536) header.writeUInt16BE(length, 2);
  else header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

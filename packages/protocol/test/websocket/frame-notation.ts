/** A frame as it stands on the wire, its payload unmasked. */
export interface WireFrame {
  readonly firstByte: number;
  /** The masking key, or `null` where the frame is not masked. */
  readonly key: number | null;
  readonly payload: Uint8Array;
}

/** The masking key of the examples in RFC 6455 section 5.7, `37 fa 21 3d`. */
export const EXAMPLE_KEY = 0x3d21fa37;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Returns the bytes that `notation` writes in hex; blanks are for the reader. */
export function bytes(notation: string): Uint8Array {
  const digits = notation.replaceAll(/\s/g, '');
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

/** Returns `data` in hex. */
export function hex(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.length).toString('hex');
}

/** Returns the UTF-8 of `text`. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Returns the text of valid UTF-8. */
export function textOf(data: Uint8Array): string {
  return decoder.decode(data);
}

/** Returns all `parts` in memory of their own. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Returns `byteLength` bytes that differ from their neighbours, most of them not ASCII. */
export function pattern(byteLength: number): Uint8Array {
  return Uint8Array.from({ length: byteLength }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
}

/** XORs `data` with the masking key, byte by byte as RFC 6455 section 5.3 writes it. */
export function naiveMask(data: Uint8Array, key: number): Uint8Array {
  return data.map((byte, i) => byte ^ ((key >>> ((i & 3) * 8)) & 0xff));
}

/** Writes one frame, masked where there is a key. */
export function encodeFrame(firstByte: number, payload: Uint8Array, key: number | null): Uint8Array {
  const maskBit = key === null ? 0 : 0x80;
  const { length } = payload;
  const header = new DataView(new ArrayBuffer(10));
  header.setUint8(0, firstByte);
  header.setUint8(1, maskBit | (length < 126 ? length : length < 65_536 ? 126 : 127));
  if (length >= 65_536) header.setBigUint64(2, BigInt(length));
  else if (length >= 126) header.setUint16(2, length);
  const start = new Uint8Array(header.buffer, 0, length < 126 ? 2 : length < 65_536 ? 4 : 10);
  if (key === null) return concat([start, payload]);
  const keyBytes = Uint8Array.of(key, key >>> 8, key >>> 16, key >>> 24);
  return concat([start, keyBytes, naiveMask(payload, key)]);
}

/** Reads whole frames; what is cut short at the end is an error. */
export function decodeFrames(data: Uint8Array): WireFrame[] {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const frames: WireFrame[] = [];
  for (let at = 0; at < data.length; ) {
    const firstByte = view.getUint8(at);
    const second = view.getUint8(at + 1);
    const short = second & 0x7f;
    const length =
      short < 126 ? short : short === 126 ? view.getUint16(at + 2) : Number(view.getBigUint64(at + 2));
    at += short < 126 ? 2 : short === 126 ? 4 : 10;
    const key = second & 0x80 ? view.getUint32(at, true) : null;
    if (key !== null) at += 4;
    if (at + length > data.length) throw new Error('the last frame is cut short');
    const payload = data.slice(at, at + length);
    frames.push({ firstByte, key, payload: key === null ? payload : naiveMask(payload, key) });
    at += length;
  }
  return frames;
}

/** Cuts `data` at `positions`; every piece is a copy that lies at an odd place of a larger buffer. */
export function cut(data: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const edges = [0, ...[...positions].sort((a, b) => a - b), data.length];
  return edges.slice(1).map((edge, i) => embed(data.subarray(edges[i]!, edge), i));
}

/** Copies `data` into a larger buffer, `padding` bytes from its start, with 0xee around. */
export function embed(data: Uint8Array, padding: number): Uint8Array {
  const offset = padding % 8;
  const buffer = new Uint8Array(offset + data.length + 3).fill(0xee);
  buffer.set(data, offset);
  return buffer.subarray(offset, offset + data.length);
}

/** Tells whether nothing was written around a piece that {@link embed} made. */
export function isPaddingIntact(piece: Uint8Array): boolean {
  const buffer = new Uint8Array(piece.buffer);
  const end = piece.byteOffset + piece.length;
  return [...buffer.subarray(0, piece.byteOffset), ...buffer.subarray(end)].every((byte) => byte === 0xee);
}

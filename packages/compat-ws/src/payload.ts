/** A message in no bytes; also what a close event without a reason carries. */
export const EMPTY_BUFFER: Buffer = Buffer.alloc(0);

/** As what a binary message arrives. */
export type BinaryType = 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob';

/** In the order of `ws`. */
export const BINARY_TYPES: readonly BinaryType[] = Object.freeze([
  'nodebuffer',
  'arraybuffer',
  'fragments',
  'blob',
]);

/** Returns what a program sends as a string or as bytes over the same memory, as `Buffer.from` would read it. */
export function toPayload(data: unknown): string | Uint8Array {
  if (typeof data === 'string' || data instanceof Uint8Array) return data;
  if (typeof data === 'number') return String(data);
  if (!data) return EMPTY_BUFFER;
  return toBuffer(data);
}

/** Returns `data` as a `Buffer` over the same memory where there is any. */
export function toBuffer(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data.length > 0 ? data : EMPTY_BUFFER;
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.from(data as string);
}

/** Returns a binary message as the program wants it. */
export function shapeMessage(data: Buffer, type: BinaryType): unknown {
  switch (type) {
    case 'arraybuffer':
      return toArrayBuffer(data);
    case 'fragments':
      return data.length === 0 ? [] : [data];
    case 'blob':
      return new Blob([data as Uint8Array<ArrayBuffer>]);
    default:
      return data;
  }
}

/** Returns exactly the bytes of `data`; a copy where they share their memory. */
function toArrayBuffer({ buffer, byteOffset, byteLength }: Buffer): ArrayBuffer {
  const isWhole = byteOffset === 0 && byteLength === buffer.byteLength;
  return (isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
}

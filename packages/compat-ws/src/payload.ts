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

/** Tells whether `data` is a Blob, whoever made its class. */
export function isBlob(data: unknown): data is Blob {
  if (typeof data !== 'object' || data === null || ArrayBuffer.isView(data)) return false;
  const { arrayBuffer, stream, type } = data as Partial<Blob>;
  const tag = (data as Partial<Record<symbol, unknown>>)[Symbol.toStringTag];
  const isNamed = tag === 'Blob' || tag === 'File';
  return (
    isNamed && typeof type === 'string' && typeof arrayBuffer === 'function' && typeof stream === 'function'
  );
}

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

/**
 * Returns a binary message as the program wants it.
 * @param fragmentEnds - where its fragments end but the last; `null` where it is to count as one
 */
export function shapeMessage(
  data: Buffer,
  type: BinaryType,
  fragmentEnds: readonly number[] | null,
): unknown {
  switch (type) {
    case 'arraybuffer':
      return toArrayBuffer(data);
    case 'fragments':
      return splitAt(data, fragmentEnds ?? []);
    case 'blob':
      return new Blob([data as Uint8Array<ArrayBuffer>]);
    default:
      return data;
  }
}

/**
 * Returns the bytes of a close reason as the peer sent them.
 * @param isUnchecked - it was not checked to be UTF-8, and has one character for each byte
 */
export function reasonBytes(reason: string, isUnchecked: boolean): Buffer {
  return reason === '' ? EMPTY_BUFFER : Buffer.from(reason, isUnchecked ? 'latin1' : 'utf8');
}

/** Returns the pieces of `data` that are not empty. */
function splitAt(data: Buffer, ends: readonly number[]): Buffer[] {
  const starts = [0, ...ends];
  return starts.map((start, i) => data.subarray(start, ends[i])).filter(({ length }) => length > 0);
}

/** Returns exactly the bytes of `data`; a copy where they share their memory. */
function toArrayBuffer({ buffer, byteOffset, byteLength }: Buffer): ArrayBuffer {
  const isWhole = byteOffset === 0 && byteLength === buffer.byteLength;
  return (isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
}

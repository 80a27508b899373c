import { toText } from './web-idl.ts';

/** What can be sent: a string as text, everything else as binary unless said otherwise. */
export type SendData = string | Uint8Array | ArrayBufferLike | ArrayBufferView;

/** How a message is sent. */
export interface SendOptions {
  /**
   * Whether the message is binary or text (RFC 6455 section 5.6). Bytes sent as text must be valid UTF-8.
   * @defaultValue `false` for a string, else `true`
   */
  readonly binary?: boolean;
}

/** Returns `data` as a string or as bytes over the same memory. */
export function toPayload(data: SendData): string | Uint8Array {
  if (typeof data === 'string' || data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  throw new TypeError('data must be a string, a Buffer, an ArrayBuffer, a typed array or a DataView');
}

/** As {@link toPayload}, where what is neither string nor bytes is sent as the text that it converts to (Web IDL). */
export function convertToPayload(data: unknown): string | Uint8Array {
  const isBytes =
    ArrayBuffer.isView(data) || data instanceof ArrayBuffer || data instanceof SharedArrayBuffer;
  return isBytes ? toPayload(data) : toText(data);
}

/** Returns `data` as bytes, a string as UTF-8. */
export function toBytes(data: SendData): Uint8Array {
  const payload = toPayload(data);
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}

/** Returns exactly the bytes of `data`; a copy where they share their memory. */
export function toArrayBuffer(data: Buffer): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = data;
  const isWhole = byteOffset === 0 && byteLength === buffer.byteLength;
  return (isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
}

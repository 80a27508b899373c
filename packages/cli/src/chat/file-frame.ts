/** A file frame taken apart. `body` is a view of the frame's bytes, not a copy. */
export interface FileFrame {
  /** The header as parsed JSON; nothing about its shape is checked here. */
  readonly header: unknown;
  readonly body: Uint8Array;
}

const PREFIX_BYTES = 2;

/**
 * Build a file frame: two bytes with the header's length (big endian), the header as JSON in UTF-8, the
 * file's bytes.
 *
 * @param header - anything that JSON can write in at most 65,535 bytes
 * @param body - the file's bytes; they are copied
 */
export function encodeFileFrame(header: object, body: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  if (json.length > 0xffff) throw new RangeError(`the header takes ${json.length} bytes, the limit is 65535`);
  const frame = new Uint8Array(PREFIX_BYTES + json.length + body.length);
  frame[0] = json.length >>> 8;
  frame[1] = json.length & 0xff;
  frame.set(json, PREFIX_BYTES);
  frame.set(body, PREFIX_BYTES + json.length);
  return frame;
}

/**
 * Take a file frame apart.
 *
 * @param frame - the whole binary message
 * @param maxHeaderBytes - longest header to read
 * @returns undefined when the frame is cut short, its header too long, or not JSON in UTF-8
 */
export function decodeFileFrame(frame: Uint8Array, maxHeaderBytes: number): FileFrame | undefined {
  if (frame.length < PREFIX_BYTES) return undefined;
  const headerBytes = (frame[0]! << 8) | frame[1]!;
  const bodyStart = PREFIX_BYTES + headerBytes;
  if (headerBytes > maxHeaderBytes || bodyStart > frame.length) return undefined;
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(frame.subarray(PREFIX_BYTES, bodyStart));
    return { header: JSON.parse(json), body: frame.subarray(bodyStart) };
  } catch {
    return undefined;
  }
}

import { headerLength, writeHeader } from '@hawser/protocol/websocket';

/** FIN, no extension, the opcode of text. */
const TEXT_FRAME = 0x81;

/** Returns the buffers of one unmasked text frame: its header, and `text` (RFC 6455 section 5.2). */
export function frameOfText(text: string): Buffer[] {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(headerLength(payload.length, null));
  writeHeader(header, 0, TEXT_FRAME, payload.length, null);
  return [header, payload];
}

/** Returns what the buffers of one unmasked text frame carry; `null` for anything else. */
export function textOfFrame(buffers: object): string | null {
  if (!Array.isArray(buffers) || !buffers.every((bytes) => bytes instanceof Uint8Array)) return null;
  const frame = Buffer.concat(buffers);
  if (frame.length < 2 || frame[0] !== TEXT_FRAME) return null;
  const length = frame[1]!;
  const start = length < 126 ? 2 : length === 126 ? 4 : 10;
  return length > 127 ? null : frame.toString('utf8', start);
}

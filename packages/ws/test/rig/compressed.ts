import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';

/** What a client of ours, and a browser, ask for at least. */
export const OFFER = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };

/** The reserved bits of a compressed message's first frame (RFC 7692 section 6). */
export const RSV1 = 4;

/** A message worth compressing, `byteLength` long, that begins with `label`. */
export function compressible(label: string, byteLength = 2000): string {
  return label + '{"key":"value"},'.repeat(byteLength / 16 + 1).slice(label.length, byteLength);
}

export function deflate(text: string | Uint8Array): Buffer {
  const deflated = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  return deflated.subarray(0, deflated.length - 4);
}

export function inflate(data: Uint8Array): string {
  return inflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
}

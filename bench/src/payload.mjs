/** Printable ASCII, so that the same bytes are a valid text and a valid binary message. */
export function payload(byteLength) {
  return Buffer.alloc(byteLength, 'The quick brown fox jumps over the lazy dog. 0123456789 ');
}

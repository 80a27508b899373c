const OPCODE_TEXT = 1;
const OPCODE_BINARY = 2;
const RSV1 = 0x40;
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** What every close frame begins with, as it is never fragmented. */
export const CLOSE_FRAME_BYTE = 0x88;

/** A client's close frame without a code, as browsers send it. */
export const MASKED_CLOSE_FRAME = Buffer.from([CLOSE_FRAME_BYTE, 0x80, ...MASK]);

/** A client's frame (RFC 6455 5.2), ready to be written any number of times. */
export function maskedFrame(payload, isText, isCompressed = false) {
  const header = frameHeader(payload.length, isText);
  if (isCompressed) header[0] |= RSV1;
  header[1] |= 0x80;
  return Buffer.concat([header, MASK, payload.map((byte, index) => byte ^ MASK[index & 3])]);
}

/** The frame in which a server sends this payload when it does not fragment. */
export function unmaskedFrame(payload, isText) {
  return Buffer.concat([frameHeader(payload.length, isText), payload]);
}

function frameHeader(payloadBytes, isText) {
  const firstByte = 0x80 | (isText ? OPCODE_TEXT : OPCODE_BINARY);
  if (payloadBytes <= 125) return Buffer.from([firstByte, payloadBytes]);
  const header = Buffer.alloc(payloadBytes <= 0xffff ? 4 : 10);
  header[0] = firstByte;
  if (header.length === 4) {
    header[1] = 126;
    header.writeUInt16BE(payloadBytes, 2);
  } else {
    header[1] = 127;
    header.writeBigUInt64BE(BigInt(payloadBytes), 2);
  }
  return header;
}

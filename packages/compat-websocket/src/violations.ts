import { type FrameHeader, VIOLATIONS, type ViolationCode } from '@hawser/protocol/websocket';

/** A longer frame is refused whatever the limit: its length does not fit 32 bits. */
const MAX_FRAME_BYTES = 0xffff_ffff;

/** What `maxReceivedFrameSize` has against a frame, or `null`. */
export function judgeFrameSize(header: FrameHeader, maxFrameBytes: number | undefined): ViolationCode | null {
  if (header.payloadBytes > MAX_FRAME_BYTES) return 'WS_ERR_INVALID_PAYLOAD_LENGTH';
  return isTooLarge(header, maxFrameBytes) ? 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' : null;
}

/** Tells whether a frame is longer than `maxReceivedFrameSize`; without one, none is. */
export function isTooLarge(header: FrameHeader, maxFrameBytes: number | undefined): boolean {
  return maxFrameBytes !== undefined && header.payloadBytes > maxFrameBytes;
}

/** Words a violation as `websocket` does: programs and logs compare the description. */
export function describeViolation(
  code: ViolationCode,
  header: FrameHeader,
  maxFrameBytes: number | undefined,
): string {
  const opcode = `0x${header.opcode.toString(16)}`;
  switch (code) {
    case 'WS_ERR_EXPECTED_FIN':
      return 'Control frames must not be fragmented.';
    case 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH':
      return 'Illegal control frame longer than 125 bytes.';
    case 'WS_ERR_UNEXPECTED_RSV_1':
    case 'WS_ERR_UNEXPECTED_RSV_2_3':
      return 'Unsupported usage of rsv bits without negotiated extension.';
    case 'WS_ERR_INVALID_OPCODE':
      return `Unrecognized Opcode: ${opcode}`;
    case 'WS_ERR_UNEXPECTED_CONTINUATION':
      return 'Unexpected Continuation Frame';
    case 'WS_ERR_EXPECTED_CONTINUATION':
      return `Illegal frame opcode ${opcode} received in middle of fragmented message.`;
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
      return isTooLarge(header, maxFrameBytes)
        ? `Frame size of ${header.payloadBytes} bytes exceeds maximum accepted frame size`
        : 'Maximum message size exceeded.';
    case 'WS_ERR_INVALID_UTF8':
      return 'Invalid UTF-8 Data Received';
    case 'WS_ERR_INVALID_PAYLOAD_LENGTH':
      if (header.payloadBytes > MAX_FRAME_BYTES) return 'Unsupported 64-bit length frame received';
      break;
  }
  return VIOLATIONS[code].reason;
}

import { CloseCode } from './close-code.ts';

/**
 * The one table from what a peer did wrong to the close code that answers it and the words that go with it.
 * The words are about the peer's own bytes, so they may travel in the close frame.
 * @see RFC 6455 sections 5, 7.1.7 and 8.1
 */
export const VIOLATIONS = Object.freeze({
  WS_ERR_EXPECTED_FIN: violation(CloseCode.PROTOCOL_ERROR, 'control frame is fragmented'),
  WS_ERR_EXPECTED_MASK: violation(CloseCode.PROTOCOL_ERROR, 'frame from a client is not masked'),
  WS_ERR_UNEXPECTED_MASK: violation(CloseCode.PROTOCOL_ERROR, 'frame from a server is masked'),
  WS_ERR_INVALID_OPCODE: violation(CloseCode.PROTOCOL_ERROR, 'opcode is reserved'),
  WS_ERR_UNEXPECTED_CONTINUATION: violation(CloseCode.PROTOCOL_ERROR, 'continuation without a message'),
  WS_ERR_EXPECTED_CONTINUATION: violation(CloseCode.PROTOCOL_ERROR, 'new message inside a fragmented one'),
  WS_ERR_UNEXPECTED_RSV_1: violation(CloseCode.PROTOCOL_ERROR, 'RSV1 is set'),
  WS_ERR_UNEXPECTED_RSV_2_3: violation(CloseCode.PROTOCOL_ERROR, 'RSV2 or RSV3 is set'),
  WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH: violation(
    CloseCode.PROTOCOL_ERROR,
    'control payload is not in its bounds',
  ),
  WS_ERR_INVALID_PAYLOAD_LENGTH: violation(CloseCode.PROTOCOL_ERROR, 'payload length is badly encoded'),
  WS_ERR_INVALID_CLOSE_CODE: violation(CloseCode.PROTOCOL_ERROR, 'close code is not allowed'),
  WS_ERR_INVALID_UTF8: violation(CloseCode.INVALID_PAYLOAD, 'text is not UTF-8'),
  WS_ERR_INVALID_COMPRESSED_DATA: violation(CloseCode.INVALID_PAYLOAD, 'compressed data is corrupt'),
  WS_ERR_TOO_MANY_BUFFERED_PARTS: violation(CloseCode.POLICY_VIOLATION, 'message has too many fragments'),
  WS_ERR_TOO_MANY_BUFFERED_CHUNKS: violation(CloseCode.POLICY_VIOLATION, 'frame comes in too many pieces'),
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: violation(CloseCode.MESSAGE_TOO_BIG, 'message is over the limit'),
});

/** The stable name of a protocol violation. */
export type ViolationCode = keyof typeof VIOLATIONS;

/** What answers a violation: the close code and the close frame's reason. */
export interface ViolationAnswer {
  readonly closeCode: number;
  readonly reason: string;
}

/** What a peer did wrong. */
export interface Violation {
  readonly code: ViolationCode;
  /** What it is about, where it is about a number: an opcode, a payload's length, a close code. */
  readonly value: number;
}

/** Codes of {@link WebSocketUsageError}. */
export type UsageErrorCode =
  | 'WS_ERR_CLOSE_CODE_ARGUMENT'
  | 'WS_ERR_CLOSE_REASON_ARGUMENT'
  | 'WS_ERR_CONTROL_PAYLOAD_ARGUMENT'
  | 'WS_ERR_HEADER_ARGUMENT';

/** The caller's own mistake, thrown at once; `code` is stable, the message is not. */
export class WebSocketUsageError extends RangeError {
  readonly code: UsageErrorCode;

  constructor(code: UsageErrorCode, message: string) {
    super(message);
    this.name = 'WebSocketUsageError';
    this.code = code;
  }
}

function violation(closeCode: number, reason: string): ViolationAnswer {
  return Object.freeze({ closeCode, reason });
}

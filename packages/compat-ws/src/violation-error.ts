import { VIOLATIONS, type Violation, type ViolationCode } from '@hawser/protocol/websocket';

/** On an error that the peer caused: the close code that answers it. */
export const STATUS_CODE: unique symbol = Symbol('status-code');

/** An error as `ws` reports what a peer did wrong. */
export interface ViolationError extends Error {
  code: string;
  errno?: number;
  [STATUS_CODE]: number;
}

const INVALID_FRAME = 'Invalid WebSocket frame';

/** The table of those codes whose words are not the protocol's own. */
const MESSAGES: Readonly<Record<ViolationCode, (value: number) => string>> = {
  WS_ERR_EXPECTED_FIN: () => `${INVALID_FRAME}: FIN must be set`,
  WS_ERR_EXPECTED_MASK: () => `${INVALID_FRAME}: MASK must be set`,
  WS_ERR_UNEXPECTED_MASK: () => `${INVALID_FRAME}: MASK must be clear`,
  WS_ERR_INVALID_OPCODE: (opcode) => `${INVALID_FRAME}: invalid opcode ${opcode}`,
  WS_ERR_UNEXPECTED_CONTINUATION: (opcode) => `${INVALID_FRAME}: invalid opcode ${opcode}`,
  WS_ERR_EXPECTED_CONTINUATION: (opcode) => `${INVALID_FRAME}: invalid opcode ${opcode}`,
  WS_ERR_UNEXPECTED_RSV_1: () => `${INVALID_FRAME}: RSV1 must be clear`,
  WS_ERR_UNEXPECTED_RSV_2_3: () => `${INVALID_FRAME}: RSV2 and RSV3 must be clear`,
  WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH: (length) => `${INVALID_FRAME}: invalid payload length ${length}`,
  WS_ERR_INVALID_PAYLOAD_LENGTH: (length) => `${INVALID_FRAME}: invalid payload length ${length}`,
  WS_ERR_INVALID_CLOSE_CODE: (code) => `${INVALID_FRAME}: invalid status code ${code}`,
  WS_ERR_INVALID_UTF8: () => `${INVALID_FRAME}: invalid UTF-8 sequence`,
  WS_ERR_INVALID_COMPRESSED_DATA: () => 'invalid compressed data',
  WS_ERR_TOO_MANY_BUFFERED_PARTS: () => 'Too many message fragments',
  WS_ERR_TOO_MANY_BUFFERED_CHUNKS: () => 'Too many buffered chunks',
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: (length) =>
    isTooLongToCount(length)
      ? 'Unsupported WebSocket frame: payload length > 2^53 - 1'
      : 'Max payload size exceeded',
};

/** Names that `ws` has for more than one of our codes, or `zlib` for one. */
const CODES: Readonly<Partial<Record<ViolationCode, string>>> = {
  WS_ERR_UNEXPECTED_CONTINUATION: 'WS_ERR_INVALID_OPCODE',
  WS_ERR_EXPECTED_CONTINUATION: 'WS_ERR_INVALID_OPCODE',
  WS_ERR_TOO_MANY_BUFFERED_CHUNKS: 'WS_ERR_TOO_MANY_BUFFERED_PARTS',
  WS_ERR_INVALID_COMPRESSED_DATA: 'Z_DATA_ERROR',
};

/** Returns the error that `ws` reports for what the peer did wrong. */
export function toError({ code, value }: Violation): ViolationError {
  const isData = code === 'WS_ERR_INVALID_UTF8' || code === 'WS_ERR_INVALID_COMPRESSED_DATA';
  const message = MESSAGES[code](value);
  const error = (isData ? new Error(message) : new RangeError(message)) as ViolationError;
  const isUncountable = code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' && isTooLongToCount(value);
  error.code = isUncountable ? 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH' : (CODES[code] ?? code);
  if (code === 'WS_ERR_INVALID_COMPRESSED_DATA') error.errno = -3;
  error[STATUS_CODE] = VIOLATIONS[code].closeCode;
  return error;
}

function isTooLongToCount(length: number): boolean {
  return length > Number.MAX_SAFE_INTEGER;
}

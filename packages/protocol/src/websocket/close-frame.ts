import { CloseCode, isWireCloseCode, MAX_CLOSE_REASON_BYTES } from './close-code.ts';
import { type ViolationCode, WebSocketUsageError } from './errors.ts';
import type { Natives } from './natives.ts';
import { isUtf8 } from './utf8.ts';

/** What a close frame says. */
export interface CloseStatus {
  /** 1005 when the frame was empty. */
  readonly code: number;
  readonly reason: string;
}

/**
 * Returns the payload of a close frame; empty without a code.
 *
 * @throws WS_ERR_CLOSE_CODE_ARGUMENT when a close frame must not carry `code`, or there is a reason without one
 * @throws WS_ERR_CLOSE_REASON_ARGUMENT when `reason` takes more than 123 bytes
 * @see RFC 6455 section 5.5.1
 */
export function encodeCloseStatus(natives: Natives, code: number | undefined, reason: string): Uint8Array {
  if (code === undefined && reason === '') return natives.allocate(0);
  if (code === undefined || !isWireCloseCode(code)) {
    throw new WebSocketUsageError(
      'WS_ERR_CLOSE_CODE_ARGUMENT',
      `close code ${code} cannot be sent; 1000 to 1003, 1007 to 1014 and 3000 to 4999 can`,
    );
  }
  const reasonBytes = natives.utf8Length(reason);
  if (reasonBytes > MAX_CLOSE_REASON_BYTES) {
    throw new WebSocketUsageError(
      'WS_ERR_CLOSE_REASON_ARGUMENT',
      `a close reason takes at most ${MAX_CLOSE_REASON_BYTES} bytes, not ${reasonBytes}`,
    );
  }
  const payload = natives.allocate(2 + reasonBytes);
  payload[0] = code >> 8;
  payload[1] = code;
  natives.writeUtf8(payload, reason, 2);
  return payload;
}

/**
 * Returns what the close frame with `payload` says, or the rule that it breaks.
 *
 * @param validatesText - the reason has to be UTF-8; else it is read as one character for each byte
 * @see RFC 6455 sections 5.5.1 and 7.4
 */
export function decodeCloseStatus(
  natives: Natives,
  payload: Uint8Array,
  validatesText: boolean,
): CloseStatus | ViolationCode {
  if (payload.length === 0) return { code: CloseCode.NO_STATUS, reason: '' };
  if (payload.length === 1) return 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH';
  const code = payload[0]! * 256 + payload[1]!;
  if (!isWireCloseCode(code)) return 'WS_ERR_INVALID_CLOSE_CODE';
  const reason = payload.subarray(2);
  if (!validatesText) return { code, reason: natives.readLatin1(reason) };
  return isUtf8(natives, reason) ? { code, reason: natives.readUtf8(reason) } : 'WS_ERR_INVALID_UTF8';
}

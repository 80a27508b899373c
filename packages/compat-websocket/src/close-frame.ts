import { isUtf8 } from 'node:buffer';
import { CloseCode, isWireCloseCode, MAX_CLOSE_REASON_BYTES } from '@hawser/protocol/websocket';

/** What a connection says of how it was closed, where nobody gave a description. */
export const CLOSE_DESCRIPTIONS: Record<number, string> = {
  1000: 'Normal connection closure',
  1001: 'Remote peer is going away',
  1002: 'Protocol error',
  1003: 'Unprocessable input',
  1004: 'Reserved',
  1005: 'Reason not provided',
  1006: 'Abnormal closure, no further detail available',
  1007: 'Invalid data received',
  1008: 'Policy violation',
  1009: 'Message too big',
  1010: 'Extension requested by client is required',
  1011: 'Internal Server Error',
  1015: 'TLS Handshake Failed',
};

/** What a peer's close frame comes to. */
export interface PeerClose {
  /** -1 for an empty frame, which is then reported like none. */
  readonly code: number;
  /** Without one, the code's own description is reported. */
  readonly description: string | undefined;
  /** 1000 whatever the peer's code, as `websocket` answers; 1002 where the frame breaks the rules. */
  readonly answer: number;
}

/** Reads the payload of a close frame; `null` where its reason is not UTF-8 (RFC 6455 section 5.5.1). */
export function readClose(payload: Buffer): PeerClose | null {
  if (payload.length === 0) return { code: -1, description: undefined, answer: CloseCode.NORMAL };
  if (payload.length === 1) {
    return { code: CloseCode.NO_STATUS, description: undefined, answer: CloseCode.PROTOCOL_ERROR };
  }
  const code = payload.readUInt16BE(0);
  const reason = payload.subarray(2);
  if (!isUtf8(reason)) return null;
  return {
    code,
    // A reason of one byte is taken for none, as `websocket` has it.
    description: reason.length > 1 ? reason.toString() : undefined,
    answer: isWireCloseCode(code) ? CloseCode.NORMAL : CloseCode.PROTOCOL_ERROR,
  };
}

/**
 * Returns the payload of a close frame, its reason cut to the whole characters that fit.
 * @throws RangeError when `code` does not fit two bytes
 */
export function encodeClose(code: number, reason: string): Buffer {
  const bytes = Buffer.from(reason);
  let end = bytes.length;
  if (end > MAX_CLOSE_REASON_BYTES) {
    end = MAX_CLOSE_REASON_BYTES;
    while ((bytes[end]! & 0xc0) === 0x80) end--;
  }
  const payload = Buffer.alloc(2 + end);
  payload.writeUInt16BE(code);
  bytes.copy(payload, 2, 0, end);
  return payload;
}

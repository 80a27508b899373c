/**
 * Names the registered close codes that an endpoint sends or reports.
 * @see RFC 6455 section 7.4.1
 */
export const CloseCode = Object.freeze({
  NORMAL: 1000,
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  UNSUPPORTED_DATA: 1003,
  /** Never on the wire: the peer's close frame carried no code. */
  NO_STATUS: 1005,
  /** Never on the wire: the connection ended without a close frame. */
  ABNORMAL: 1006,
  INVALID_PAYLOAD: 1007,
  POLICY_VIOLATION: 1008,
  MESSAGE_TOO_BIG: 1009,
  INTERNAL_ERROR: 1011,
  SERVICE_RESTART: 1012,
  TRY_AGAIN_LATER: 1013,
});

/** Bytes of UTF-8 that a close frame leaves for its reason: 125 less the two of the code (RFC 6455 5.5.1). */
export const MAX_CLOSE_REASON_BYTES = 123;

/**
 * Tells whether a close frame may carry `code`.
 *
 * 1004 is undefined, 1005, 1006 and 1015 are for local use; 1012 to 1014 were registered after the RFC.
 * @see RFC 6455 section 7.4.2, and the IANA WebSocket Close Code Number Registry
 */
export function isWireCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000) return code <= 4999;
  if (code < 1000 || code > 1014) return false;
  return code !== 1004 && code !== 1005 && code !== 1006;
}

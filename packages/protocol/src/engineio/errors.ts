/**
 * What a peer can do wrong, and the words for it. They are about the peer's own bytes, so they may travel back.
 * A machine reports the code and goes on no further; nothing is thrown.
 */
export const VIOLATIONS = /* @__PURE__ */ Object.freeze({
  EIO_ERR_UNKNOWN_PACKET_TYPE: 'packet type is unknown',
  EIO_ERR_INVALID_BASE64: 'binary data is not base64',
  EIO_ERR_INVALID_PAYLOAD: 'payload is badly framed',
  EIO_ERR_PAYLOAD_TOO_LARGE: 'payload is over the limit',
  EIO_ERR_TOO_MANY_PACKETS: 'payload has too many packets',
  EIO_ERR_INVALID_HANDSHAKE: 'handshake data is not valid',
  EIO_ERR_HEARTBEAT_DIRECTION: 'heartbeat comes from the wrong side',
});

/** The stable name of a protocol violation. */
export type ViolationCode = keyof typeof VIOLATIONS;

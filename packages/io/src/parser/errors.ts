import { VIOLATIONS, type ViolationCode } from '@hawser/protocol/socketio';

/** The words that `socket.io-parser` has for it, where it has any. */
const UPSTREAM_MESSAGES: Partial<Readonly<Record<ViolationCode, string>>> = Object.freeze({
  SIO_ERR_UNKNOWN_PACKET_TYPE: 'unknown packet type',
  SIO_ERR_INVALID_ATTACHMENT_COUNT: 'Illegal attachments',
  SIO_ERR_TOO_MANY_ATTACHMENTS: 'too many attachments',
  SIO_ERR_INVALID_ACK_ID: 'invalid payload',
  SIO_ERR_INVALID_JSON: 'invalid payload',
  SIO_ERR_INVALID_PAYLOAD: 'invalid payload',
  SIO_ERR_RESERVED_EVENT: 'invalid payload',
  SIO_ERR_INVALID_PLACEHOLDER: 'illegal attachments',
  SIO_ERR_EXPECTED_ATTACHMENT: 'got plaintext data when reconstructing a packet',
  SIO_ERR_UNEXPECTED_ATTACHMENT: 'got binary data when not reconstructing a packet',
});

/** What `Decoder.add` throws for what a peer sent. */
export class ParserError extends Error {
  override readonly name = 'ParserError';
  /** Stable, while the message is not. */
  readonly code: ViolationCode;

  /** @param detail - what the message ends with */
  constructor(code: ViolationCode, detail = '') {
    super((UPSTREAM_MESSAGES[code] ?? VIOLATIONS[code]) + detail);
    this.code = code;
  }
}

/**
 * What a peer can do wrong, and the words for it. They are about the peer's own bytes, so they may travel back.
 * The decoder reports the code and goes on no further; nothing is thrown.
 */
export const VIOLATIONS = /* @__PURE__ */ Object.freeze({
  SIO_ERR_UNKNOWN_PACKET_TYPE: 'packet type is unknown',
  SIO_ERR_INVALID_ATTACHMENT_COUNT: 'number of attachments is not valid',
  SIO_ERR_TOO_MANY_ATTACHMENTS: 'packet has too many attachments',
  SIO_ERR_INVALID_ACK_ID: 'acknowledgement id is not valid',
  SIO_ERR_INVALID_JSON: 'payload is not JSON',
  SIO_ERR_INVALID_PAYLOAD: 'payload does not fit the packet type',
  SIO_ERR_TOO_DEEP: 'payload is nested too deep',
  SIO_ERR_TOO_MANY_ARGUMENTS: 'packet has too many arguments',
  SIO_ERR_RESERVED_EVENT: 'event name is reserved',
  SIO_ERR_INVALID_PLACEHOLDER: 'placeholder stands for no attachment',
  SIO_ERR_EXPECTED_ATTACHMENT: 'text where an attachment is due',
  SIO_ERR_UNEXPECTED_ATTACHMENT: 'attachment without a packet',
  SIO_ERR_PACKET_TOO_LARGE: 'packet is over the limit',
});

/** The stable name of a protocol violation. */
export type ViolationCode = keyof typeof VIOLATIONS;

/** Codes of {@link SocketIoUsageError}. */
export type UsageErrorCode = 'SIO_ERR_CIRCULAR_ARGUMENT';

/** The caller's own mistake, thrown at once; `code` is stable, the message is not. */
export class SocketIoUsageError extends TypeError {
  readonly code: UsageErrorCode;

  constructor(code: UsageErrorCode, message: string) {
    super(message);
    this.name = 'SocketIoUsageError';
    this.code = code;
  }
}

/**
 * Names the opcodes of the base framing protocol.
 * @see RFC 6455 section 5.2 and 11.8
 */
export const Opcode = Object.freeze({
  CONTINUATION: 0x0,
  TEXT: 0x1,
  BINARY: 0x2,
  CLOSE: 0x8,
  PING: 0x9,
  PONG: 0xa,
});

/** One of the six opcodes that RFC 6455 defines. */
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** Tells whether `opcode` (0 to 15) is one that RFC 6455 section 5.2 defines. */
export function isKnownOpcode(opcode: number): opcode is Opcode {
  return opcode <= Opcode.BINARY || (opcode >= Opcode.CLOSE && opcode <= Opcode.PONG);
}

/** Tells whether `opcode` names a control frame (RFC 6455 section 5.5). */
export function isControlOpcode(opcode: number): boolean {
  return opcode >= Opcode.CLOSE;
}

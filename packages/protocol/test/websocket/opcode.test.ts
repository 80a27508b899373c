import { describe, expect, it } from 'vitest';
import { isControlOpcode, isKnownOpcode } from '../../src/websocket/opcode.ts';

const OPCODES = Array.from({ length: 16 }, (_, opcode) => opcode);

describe('RFC 6455 5.2 opcodes', () => {
  it('isKnownOpcode accepts the six defined opcodes', () => {
    expect(OPCODES.filter(isKnownOpcode)).toEqual([0x0, 0x1, 0x2, 0x8, 0x9, 0xa]);
  });

  it('isControlOpcode accepts the opcodes with the most significant bit', () => {
    expect(OPCODES.filter(isControlOpcode)).toEqual([0x8, 0x9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf]);
  });
});

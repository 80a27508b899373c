import { describe, expect, it } from 'vitest';
import { isWireCloseCode } from '../../src/websocket/close-code.ts';

describe('RFC 6455 7.4 close codes', () => {
  it('isWireCloseCode accepts what the registry and section 7.4.2 leave to a close frame, and nothing else', () => {
    const accepted = Array.from({ length: 65_536 }, (_, code) => code).filter(isWireCloseCode);
    const low = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    expect(accepted).toEqual([...low, ...Array.from({ length: 2000 }, (_, i) => 3000 + i)]);
  });

  it.each([1000.5, Number.NaN, Number.POSITIVE_INFINITY, -1000])('isWireCloseCode rejects %s', (code) => {
    expect(isWireCloseCode(code)).toBe(false);
  });
});

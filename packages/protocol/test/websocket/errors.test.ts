import { describe, expect, it } from 'vitest';
import { isWireCloseCode, MAX_CLOSE_REASON_BYTES } from '../../src/websocket/close-code.ts';
import { VIOLATIONS, WebSocketUsageError } from '../../src/websocket/errors.ts';

describe('RFC 6455 7.1.7 violations', () => {
  it.each(Object.entries(VIOLATIONS))(
    '%s has a close code and a reason that a close frame carries',
    (_, violation) => {
      expect(isWireCloseCode(violation.closeCode)).toBe(true);
      expect(violation.reason).toMatch(/^[\x20-\x7e]+$/);
      expect(violation.reason.length).toBeLessThanOrEqual(MAX_CLOSE_REASON_BYTES);
    },
  );

  it('bad data is 1007, too many parts 1008, a message over the limit 1009, all else 1002', () => {
    const codes = Object.entries(VIOLATIONS).map(([name, { closeCode }]) => [name, closeCode] as const);
    expect(codes.filter(([, code]) => code !== 1002)).toEqual([
      ['WS_ERR_INVALID_UTF8', 1007],
      ['WS_ERR_INVALID_COMPRESSED_DATA', 1007],
      ['WS_ERR_TOO_MANY_BUFFERED_PARTS', 1008],
      ['WS_ERR_TOO_MANY_BUFFERED_CHUNKS', 1008],
      ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009],
    ]);
  });
});

describe('usage errors', () => {
  it('WebSocketUsageError carries its code and its name', () => {
    const error = new WebSocketUsageError('WS_ERR_HEADER_ARGUMENT', 'header is bad');
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({
      name: 'WebSocketUsageError',
      code: 'WS_ERR_HEADER_ARGUMENT',
      message: 'header is bad',
    });
  });
});

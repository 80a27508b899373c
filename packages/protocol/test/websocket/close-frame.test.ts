import { describe, expect, it } from 'vitest';
import { decodeCloseStatus, encodeCloseStatus } from '../../src/websocket/close-frame.ts';
import { bytes, hex } from './frame-notation.ts';
import { TestNatives } from './recorder.ts';

const natives = new TestNatives();
const LONGEST_REASON = '€'.repeat(41);

describe('RFC 6455 5.5.1 close frame payload', () => {
  it.each([
    [undefined, '', ''],
    [1000, '', '03e8'],
    [3000, '', '0bb8'],
    [4999, 'bye', '1387627965'],
    [1001, 'Grüße', '03e94772c3bcc39f65'],
    [1000, '\ud800', '03e8efbfbd'],
  ] as const)('encodeCloseStatus writes %s "%s"', (code, reason, payload) => {
    expect(hex(encodeCloseStatus(natives, code, reason))).toBe(payload);
  });

  it('encodeCloseStatus writes a reason of 123 bytes', () => {
    expect(encodeCloseStatus(natives, 1000, LONGEST_REASON)).toHaveLength(125);
  });

  it.each([
    [undefined, 'reason'],
    [0, ''],
    [999, ''],
    [1004, ''],
    [1005, ''],
    [1006, ''],
    [1015, ''],
    [2999, ''],
    [5000, ''],
    [1000.5, ''],
  ])('encodeCloseStatus throws at the code %s with "%s"', (code, reason) => {
    expect(() => encodeCloseStatus(natives, code, reason)).toThrow(
      expect.objectContaining({ code: 'WS_ERR_CLOSE_CODE_ARGUMENT' }),
    );
  });

  it('encodeCloseStatus throws at a reason of 124 bytes', () => {
    expect(() => encodeCloseStatus(natives, 1000, `${LONGEST_REASON}!`)).toThrow(
      expect.objectContaining({ code: 'WS_ERR_CLOSE_REASON_ARGUMENT' }),
    );
  });

  it.each([
    ['', 1005, ''],
    ['03e8', 1000, ''],
    ['0fa0627965', 4000, 'bye'],
    ['03e8 efbbbf 61', 1000, '\ufeffa'],
  ])('decodeCloseStatus reads "%s"', (payload, code, reason) => {
    expect(decodeCloseStatus(natives, bytes(payload), true)).toEqual({ code, reason });
  });

  it.each([
    ['03', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'],
    ['0000', 'WS_ERR_INVALID_CLOSE_CODE'],
    ['03ed', 'WS_ERR_INVALID_CLOSE_CODE'],
    ['03ee', 'WS_ERR_INVALID_CLOSE_CODE'],
    ['03f7', 'WS_ERR_INVALID_CLOSE_CODE'],
    ['03e8 c3', 'WS_ERR_INVALID_UTF8'],
    ['03e8 ff', 'WS_ERR_INVALID_UTF8'],
  ])('decodeCloseStatus rejects "%s"', (payload, code) => {
    expect(decodeCloseStatus(natives, bytes(payload), true)).toBe(code);
  });
});

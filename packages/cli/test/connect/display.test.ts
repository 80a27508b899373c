import { describe, expect, test } from 'vitest';
import { formatForPipe, formatForScreen } from '../../src/connect/display.ts';

const buffer = (...values: number[]) => Uint8Array.from(values).buffer;

describe('in a pipe', () => {
  test('text is untouched', () => {
    expect(formatForPipe('a\u001bb')).toBe('a\u001bb');
  });

  test('binary is hexadecimal digits', () => {
    expect(formatForPipe(buffer(0, 255, 16))).toBe('00ff10');
  });
});

describe('on a screen', () => {
  test('text is made harmless, its lines stay', () => {
    expect(formatForScreen('a\n\u001b[0m')).toBe('a\n\\x1b[0m');
  });

  test.each([
    [buffer(), ' (binary, 0 bytes)'],
    [buffer(7), '07 (binary, 1 byte)'],
    [buffer(1, 2, 171), '01 02 ab (binary, 3 bytes)'],
  ])('binary is spaced digits with its size', (data, expected) => {
    expect(formatForScreen(data)).toBe(expected);
  });

  test('a long one is cut', () => {
    expect(formatForScreen(new ArrayBuffer(5000))).toMatch(/^(00 ){1023}00 … \(binary, 5000 bytes\)$/);
  });
});

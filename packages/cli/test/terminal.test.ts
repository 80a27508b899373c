import { describe, expect, test } from 'vitest';
import { describeClose, isNormalClose } from '../src/close-codes.ts';
import { printable } from '../src/terminal.ts';
import { formatUrl } from '../src/url.ts';

describe('text from a peer', () => {
  test.each([
    ['plain ä 👋\ttab', 'plain ä 👋\ttab'],
    ['\u001b[2J', '\\x1b[2J'],
    ['a\rb\u0007\u007f\u009b', 'a\\x0db\\x07\\x7f\\x9b'],
    ['a\ud800', 'a\ufffd'],
    ['a\nb', 'a\\x0ab'],
  ])('%j is written as %j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test('line breaks stay where they are wanted', () => {
    expect(printable('a\n\u001bb', true)).toBe('a\n\\x1bb');
  });
});

describe('close codes', () => {
  test.each([
    [1000, '', '1000 normal closure'],
    [1001, 'bye', '1001 going away: bye'],
    [4321, '', '4321'],
  ])('%i %j is %j', (code, reason, expected) => {
    expect(describeClose(code, reason)).toBe(expected);
  });

  test('1000 and none at all are normal', () => {
    expect([1000, 1001, 1005, 1006, 1011, 4000].filter(isNormalClose)).toEqual([1000, 1005]);
  });
});

describe('addresses', () => {
  test.each([
    ['127.0.0.1', 'http://127.0.0.1:80/'],
    ['::1', 'http://[::1]:80/'],
    ['0.0.0.0', 'http://localhost:80/'],
    ['::', 'http://localhost:80/'],
  ])('%s is shown as %s', (host, expected) => {
    expect(formatUrl('http', host, 80)).toBe(expected);
  });
});

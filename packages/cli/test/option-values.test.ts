import { describe, expect, test } from 'vitest';
import {
  collectHeader,
  collectSubprotocol,
  parseHost,
  parsePort,
  parseSeconds,
  parseSocketUrl,
  parseWait,
} from '../src/option-values.ts';

describe('port', () => {
  test.each([
    ['0', 0],
    ['3000', 3000],
    ['65535', 65535],
  ])('%s is %i', (text, port) => {
    expect(parsePort(text)).toBe(port);
  });

  test.each(['', '-1', '65536', '3000x', '1e3', '0x50', ' 80'])('%j is refused', (text) => {
    expect(() => parsePort(text)).toThrow(/whole number from 0 to 65535/);
  });
});

describe('host', () => {
  test.each(['127.0.0.1', '::', 'fe80::1%eth0', 'localhost'])('%s is taken as it is', (text) => {
    expect(parseHost(text)).toBe(text);
  });

  test.each(['', ' '])('%j, which would be every address, is refused', (text) => {
    expect(() => parseHost(text)).toThrow(/such as 127\.0\.0\.1/);
  });
});

describe('durations', () => {
  test.each([
    ['5', 5000],
    ['0.5', 500],
    ['.25', 250],
  ])('%s seconds are %i milliseconds', (text, durationMs) => {
    expect(parseSeconds(text)).toBe(durationMs);
    expect(parseWait(text)).toBe(durationMs);
  });

  test('waiting may take no time, or for ever', () => {
    expect(parseWait('0')).toBe(0);
    expect(parseWait('forever')).toBe(Number.POSITIVE_INFINITY);
  });

  test.each(['', '-1', 'x', '1s', '99999999'])('%j is refused', (text) => {
    expect(() => parseSeconds(text)).toThrow(/number of seconds/);
    expect(() => parseWait(text)).toThrow(/number of seconds/);
  });

  test('an interval of nothing is refused', () => {
    expect(() => parseSeconds('0')).toThrow(/number of seconds/);
  });
});

describe('address', () => {
  test.each(['ws://127.0.0.1:1/', 'wss://example.com/x?y', 'http://localhost', 'WS://[::1]:80'])(
    '%s is one',
    (text) => {
      expect(parseSocketUrl(text)).toBe(text);
    },
  );

  test.each([
    ['localhost:3000/ws', 'did you mean ws://localhost:3000/ws?'],
    ['example.com', 'did you mean ws://example.com?'],
    ['ftp://example.com', 'it begins with ws://, wss://, http:// or https://'],
    ['', 'it begins with ws://, wss://, http:// or https://'],
  ])('%j is not, with advice', (text, advice) => {
    expect(() => parseSocketUrl(text)).toThrow(advice);
  });
});

describe('headers', () => {
  test('are gathered, a repeated name into one list', () => {
    const one = collectHeader('Cookie: a=b');
    const two = collectHeader('X-Token:  abc: d ', one);
    expect(collectHeader('x-token: e', two)).toEqual({ Cookie: 'a=b', 'X-Token': 'abc: d, e' });
    expect(one).toEqual({ Cookie: 'a=b' });
  });

  test('a second cookie joins the first as RFC 6265 writes them', () => {
    expect(collectHeader('Cookie: b=2', collectHeader('cookie: a=1'))).toEqual({ cookie: 'a=1; b=2' });
  });

  test.each(['', 'Name', ': value', 'Na me: value', 'Name: a\r\nb: c'])('%j is refused', (text) => {
    expect(() => collectHeader(text)).toThrow(/'Name: value'/);
  });
});

describe('subprotocols', () => {
  test('are gathered in order', () => {
    expect(collectSubprotocol('b', collectSubprotocol('a'))).toEqual(['a', 'b']);
  });

  test('that are no word, or come twice, are refused', () => {
    expect(() => collectSubprotocol('a b')).toThrow(/one word/);
    expect(() => collectSubprotocol('a', ['a'])).toThrow(/twice/);
  });
});

import { parse } from '@hawser/client/engine';
import { parse as upstreamParse } from 'engine.io-client';
import { expect, test } from 'vitest';

test.each([
  ['http://google.com'],
  ['https://www.google.com:80'],
  ['google.com:8080/foo/bar?foo=bar'],
  ['localhost:8080'],
  ['/foo'],
  ['/foo/bar.html?a=b&c=d#x'],
  ['http://localhost:8080/a.b/c'],
  ['[2001:db8:85a3:8d3:1319:8a2e:370:7348]:443'],
  ['ws://u:p@[::1]:80/a/b?c=d&e=f#h'],
  ['http://user@host/x/'],
  ['http://[::1]/'],
  ['https://a.b/c//d/e.js'],
  ['http://h?x=1'],
  ['/?woot=1'],
  ['http://h/nsp?token=a%20b&empty='],
  ['http://h:1/n@me'],
  ['wss://u:p@h/日本'],
])('client takes apart %s as engine.io-client does', (uri) => {
  expect(parse(uri)).toEqual(upstreamParse(uri));
});

test('client takes no URI of more than 8000 characters', () => {
  expect(() => parse('x'.repeat(8001))).toThrow('URI too long');
});

import { expect, test } from 'vitest';
import { formatUrl } from '../src/url.ts';

test.each([
  ['127.0.0.1', 'http://127.0.0.1:3000/'],
  ['0.0.0.0', 'http://localhost:3000/'],
  ['::', 'http://localhost:3000/'],
  ['::1', 'http://[::1]:3000/'],
  // RFC 6874 section 2.
  ['fe80::1%eth0', 'http://[fe80::1%25eth0]:3000/'],
])('%s is written as %s', (host, url) => {
  expect(formatUrl('http', host, 3000)).toBe(url);
});

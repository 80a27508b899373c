import { expect, test } from 'vitest';
import { formatBytes, formatDuration, formatNumber } from '../../src/bench/format.ts';

test.each([
  [0, '0 ms'],
  [0.0004, '0.4 µs'],
  [0.085, '85 µs'],
  [0.9994, '999 µs'],
  [0.9996, '1 ms'],
  [1.2549, '1.25 ms'],
  [999.4, '999 ms'],
  [999.6, '1 s'],
  [12_500, '12.5 s'],
])('a duration of %d ms is %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [1_234_567, '1.23 MB'],
  [5e15, '5000 TB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [12_345, '12,345'],
  [0.25, '0.3'],
  [99.6, '100'],
])('the number %d is %s', (number, text) => {
  expect(formatNumber(number)).toBe(text);
});

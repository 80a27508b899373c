import { expect, test } from 'vitest';
import { describeClose, formatDuration, formatSize, initialsOf, tintOf } from '../../static/format.js';

test.each([
  [0.421, '0.42 ms'],
  [3.14, '3.1 ms'],
  [120.4, '120 ms'],
  [2400, '2.4 s'],
  [180_000, '3 min'],
])('%f ms is %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  [1, '1 byte'],
  [1023, '1023 bytes'],
  [1536, '1.5 KiB'],
  [4 * 1024 * 1024, '4.0 MiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

test.each([
  ['Ada Lovelace', 'AL'],
  ['ada', 'A'],
  ['Ada 2', 'A2'],
  ['王 小明', '王小'],
  ['👋', '👋'],
  ['', '?'],
])('%j has the initials %s', (name, initials) => {
  expect(initialsOf(name)).toBe(initials);
});

test('a name always has the same tint', () => {
  expect(tintOf('Ada')).toBe(tintOf('Ada'));
  expect(tintOf('👋')).toBeGreaterThanOrEqual(0);
  expect(tintOf('👋')).toBeLessThan(8);
});

test('a close is shown with its meaning and its reason', () => {
  expect(describeClose(1001, 'bye')).toBe('1001 going away: “bye”');
  expect(describeClose(4000, '')).toBe('4000');
});

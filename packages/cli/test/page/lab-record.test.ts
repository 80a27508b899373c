import { expect, test } from 'vitest';
import { LabRecord, quantile } from '../../static/lab-record.js';

test('an event is a row, whichever transport brings it first', () => {
  const record = new LabRecord(2, 1000);
  record.add(0, { seq: 7, at: 100, delayMs: 1 });
  record.add(0, { seq: 9, at: 300, delayMs: 3 });
  record.add(1, { seq: 8, at: 200, delayMs: 20 });
  record.add(1, { seq: 7, at: 100, delayMs: 10 });
  expect(record.columns).toEqual([
    [100, 200, 300],
    [1, null, 3],
    [10, 20, null],
  ]);
});

test('what is too old leaves, and does not come back', () => {
  const record = new LabRecord(2, 1000);
  record.add(0, { seq: 1, at: 0, delayMs: 1 });
  record.add(0, { seq: 2, at: 500, delayMs: 2 });
  record.add(0, { seq: 3, at: 1200, delayMs: 3 });
  record.add(1, { seq: 1, at: 0, delayMs: 1 });
  expect(record.columns).toEqual([
    [500, 1200],
    [2, 3],
    [null, null],
  ]);
});

test('delays are sorted, of the events since a time', () => {
  const record = new LabRecord(1, 1000);
  for (const [seq, delayMs] of [5, 100, 20, 9].entries()) record.add(0, { seq, at: seq * 10, delayMs });
  expect(record.delaysSince(0, 10)).toEqual([9, 20, 100]);
  record.clear();
  expect(record.delaysSince(0, 0)).toEqual([]);
});

test('a quantile is the value below which that share lies', () => {
  const sorted = Array.from({ length: 100 }, (_, index) => index);
  expect(quantile(sorted, 0.5)).toBe(50);
  expect(quantile(sorted, 0.95)).toBe(95);
  expect(quantile(sorted, 1)).toBe(99);
  expect(quantile([], 0.5)).toBeUndefined();
});

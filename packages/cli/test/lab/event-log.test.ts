import { expect, test } from 'vitest';
import { EventLog } from '../../src/lab/event-log.ts';

const events = (first: number, last: number, bytes = 10) =>
  Array.from({ length: last - first + 1 }, (_, index) => ({ seq: first + index, at: 0, bytes }));
const seqs = (log: EventLog, after: number) => log.after(after).map(({ seq }) => seq);

test('who comes gets what came since, and nothing twice', () => {
  const log = new EventLog();
  expect(log.lastSeq).toBe(0);
  log.add(events(1, 3));
  expect(seqs(log, 0)).toEqual([1, 2, 3]);
  expect(seqs(log, 2)).toEqual([3]);
  expect(seqs(log, 3)).toEqual([]);
  expect(seqs(log, 99)).toEqual([]);
  expect(log.lastSeq).toBe(3);
});

test('over the bound of events the oldest go', () => {
  const log = new EventLog({ waitingEvents: 2, waitingBytes: 1000 });
  log.add(events(1, 5));
  expect(seqs(log, 0)).toEqual([4, 5]);
});

test('over the bound of bytes the oldest go', () => {
  const log = new EventLog({ waitingEvents: 100, waitingBytes: 25 });
  log.add(events(1, 5));
  expect(seqs(log, 3)).toEqual([4, 5]);
  expect(seqs(log, 0)).toEqual([4, 5]);
  log.add(events(6, 6, 30));
  expect(seqs(log, 0)).toEqual([]);
});

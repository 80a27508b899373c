import { describe, expect, test } from 'vitest';
import { Tally } from '../../static/lab-tally.js';

const totals = (requests: number, bytesUp: number, bytesDown: number, cpuMs: number, lastSeq: number) => ({
  requests,
  bytesUp,
  bytesDown,
  cpuMs,
  connections: 1,
  lastSeq,
});

test('cost is set against what has arrived', () => {
  const tally = new Tally();
  tally.take(totals(0, 0, 0, 100, 4));
  for (let seq = 5; seq < 9; seq++) tally.count({ seq, data: 'x'.repeat(10) });
  tally.take(totals(2, 60, 180, 108, 8));
  expect(tally.cost).toEqual({
    events: 4,
    missed: 0,
    requests: 2,
    bytesUp: 60,
    bytesDown: 180,
    cpuMs: 8,
    overheadBytes: 50,
    cpuMsPerEvent: 2,
  });
});

test('an event counts once, and a gap is missed', () => {
  const tally = new Tally();
  expect(tally.count({ seq: 1, data: '' })).toBe(true);
  expect(tally.count({ seq: 1, data: '' })).toBe(false);
  expect(tally.count({ seq: 4, data: '' })).toBe(true);
  expect(tally.cost).toMatchObject({ events: 2, missed: 2 });
});

test('counted anew, what was before is left out', () => {
  const tally = new Tally();
  tally.take(totals(0, 0, 0, 0, 0));
  tally.count({ seq: 1, data: 'x' });
  tally.take(totals(5, 50, 500, 5, 1));
  tally.reset();
  expect(tally.cost).toEqual({ events: 0, missed: 0, requests: 0, bytesUp: 0, bytesDown: 0, cpuMs: 0 });
  tally.count({ seq: 9, data: 'x' });
  tally.take(totals(6, 60, 600, 6, 9));
  expect(tally.cost).toMatchObject({ events: 1, missed: 0, requests: 1, bytesDown: 100 });
});

describe('what is set against the totals', () => {
  test('leaves out what came before they did and is not in them', () => {
    const tally = new Tally();
    tally.take(totals(0, 0, 0, 0, 0));
    for (let seq = 1; seq <= 20; seq++) tally.count({ seq, data: 'x'.repeat(10) });
    tally.take(totals(1, 0, 240, 8, 4));
    expect(tally.cost).toMatchObject({ events: 20, overheadBytes: 50, cpuMsPerEvent: 2 });
    tally.take(totals(1, 0, 1200, 40, 20));
    expect(tally.cost).toMatchObject({ events: 20, overheadBytes: 50, cpuMsPerEvent: 2 });
  });

  test('has what is in them and comes later', () => {
    const tally = new Tally();
    tally.take(totals(0, 0, 0, 0, 0));
    tally.count({ seq: 1, data: 'x'.repeat(10) });
    tally.take(totals(1, 0, 120, 8, 2));
    tally.count({ seq: 2, data: 'x'.repeat(10) });
    expect(tally.cost).toMatchObject({ events: 2, overheadBytes: 50, cpuMsPerEvent: 4 });
  });

  test('counted anew, has what came since the totals that are the base', () => {
    const tally = new Tally();
    tally.take(totals(0, 0, 0, 0, 0));
    tally.take(totals(1, 0, 240, 8, 4));
    for (let seq = 5; seq <= 8; seq++) tally.count({ seq, data: 'x'.repeat(10) });
    tally.reset();
    tally.take(totals(1, 0, 480, 16, 8));
    expect(tally.cost).toMatchObject({ events: 0, overheadBytes: 50, cpuMsPerEvent: 2 });
  });
});

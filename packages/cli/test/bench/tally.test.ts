import { expect, test } from 'vitest';
import { Tally } from '../../src/bench/tally.ts';

test('failures are counted by kind, the most frequent first', () => {
  const tally = new Tally();
  tally.addError('once');
  tally.addError('often', 3);
  tally.addError('never', 0);
  tally.addError('often');
  expect(tally.errors).toEqual([
    { kind: 'often', count: 4 },
    { kind: 'once', count: 1 },
  ]);
});

test('a server that invents reasons cannot make the list long', () => {
  const tally = new Tally();
  for (let index = 0; index < 1000; index++) tally.addError(`lost: reason ${index}`);
  tally.addError('lost: reason 7');
  expect(tally.errors).toHaveLength(51);
  expect(tally.errors.slice(0, 2)).toEqual([
    { kind: 'others', count: 950 },
    { kind: 'lost: reason 7', count: 2 },
  ]);
});

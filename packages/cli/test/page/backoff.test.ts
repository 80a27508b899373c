import { expect, test } from 'vitest';
import { backoffDelay } from '../../static/backoff.js';

const delays = (random: number) =>
  [1, 2, 3, 4, 20, 5000].map((failures) => backoffDelay(failures, () => random));

test('the delay doubles up to a ceiling, and half of it is chance', () => {
  expect(delays(0)).toEqual([250, 500, 1000, 2000, 10_000, 10_000]);
  expect(delays(1)).toEqual([500, 1000, 2000, 4000, 20_000, 20_000]);
});

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 20_000;

/**
 * How long to wait before trying to connect again: it doubles with each failure up to a ceiling, and half of
 * it is chance, so that the pages of a restarted server do not all come back in the same instant.
 *
 * @param {number} failures consecutive failures so far, from 1
 * @param {() => number} [random] from 0 to 1
 * @returns {number} milliseconds
 */
export function backoffDelay(failures, random = Math.random) {
  const ceiling = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}

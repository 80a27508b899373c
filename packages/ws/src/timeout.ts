/** The longest delay of a timer; Node takes a longer one for 1 ms. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** As `setTimeout`, with any delay: more than 24 days are cut to that, so that `Infinity` is in effect never. */
export function setLongTimeout(callback: () => void, timeoutMs: number): NodeJS.Timeout {
  return setTimeout(callback, Math.min(Math.max(timeoutMs, 0), MAX_TIMEOUT_MS));
}

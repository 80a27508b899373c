/** Write a count or a rate for a person: `12,345`, small ones with a decimal. */
export function formatNumber(number: number): string {
  const digits = number > 0 && number < 10 && !Number.isInteger(number) ? 1 : 0;
  return number.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** Write a duration with three digits that count: `85 µs`, `1.25 ms`, `12.5 s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0 ms';
  if (durationMs < 0.9995) return `${threeDigits(durationMs * 1000)} µs`;
  if (durationMs < 999.5) return `${threeDigits(durationMs)} ms`;
  return `${threeDigits(durationMs / 1000)} s`;
}

/** Write a number of bytes: `64 B`, `1.5 kB`, `12.3 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? Math.round(value) : threeDigits(value)} ${units[unit]}`;
}

function threeDigits(number: number): string {
  if (number >= 100) return String(Math.round(number));
  return String(Number(number.toPrecision(3)));
}

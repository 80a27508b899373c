/** Returns the number that an option is, also as a text, as environment variables are; `null` where it is none, or below 0. */
export function amountOf(given: unknown): number | null {
  const isNumeric = typeof given === 'number' || (typeof given === 'string' && given.trim() !== '');
  const amount = isNumeric ? Number(given) : Number.NaN;
  return amount >= 0 ? amount : null;
}

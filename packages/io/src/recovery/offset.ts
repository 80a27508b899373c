/** What no program's own string begins with: clients hand back any string that ends an event, as if it were ours. */
const PREFIX = 'hawser:';

const RADIX = 36;
/** As many digits as any safe integer may have. */
const OFFSET = new RegExp(`^${PREFIX}([0-9a-z]{1,11})$`);

/** Returns the string that stands for the event `number` in the arguments that a stock client gets. */
export function formatOffset(number: number): string {
  return PREFIX + number.toString(RADIX);
}

/** Returns the number of the event that `offset` stands for, or `null` where it is no offset of ours. */
export function parseOffset(offset: unknown): number | null {
  const digits = typeof offset === 'string' ? OFFSET.exec(offset)?.[1] : undefined;
  if (digits === undefined) return null;
  const number = Number.parseInt(digits, RADIX);
  return Number.isSafeInteger(number) && number > 0 ? number : null;
}

/** Conversions of JavaScript values, and the shape of an interface, as Web IDL has them. */

/** `USVString`, but for lone surrogates: those become U+FFFD where the string is encoded. */
export function toText(value: unknown): string {
  // A template, unlike `String`, throws at a symbol.
  return `${value}`;
}

/** `[Clamp] unsigned short`: a half is rounded to the even neighbour. */
export function clampToUint16(value: unknown): number {
  const number = Math.min(Math.max(toNumber(value), 0), 65_535);
  const floor = Math.floor(number);
  const isUp = number - floor > 0.5 || (number - floor === 0.5 && floor % 2 === 1);
  return Number.isNaN(number) ? 0 : floor + (isUp ? 1 : 0);
}

/**
 * `[EnforceRange] unsigned short`
 * @throws TypeError when it is none
 */
export function enforceUint16(value: unknown): number {
  const number = Math.trunc(toNumber(value));
  if (number >= 0 && number <= 65_535) return number + 0;
  throw new TypeError(`${toText(value).slice(0, 75)} is not a number from 0 to 65535`);
}

/** `unsigned short`: modulo 2^16. */
export function wrapToUint16(value: unknown): number {
  return toNumber(value) & 0xffff;
}

/** `sequence<USVString>`, or `null` when `value` is none. */
export function toSequence(value: unknown): string[] | null {
  const isSequence = typeof value === 'object' && value !== null && Symbol.iterator in value;
  return isSequence ? Array.from(value as Iterable<unknown>, toText) : null;
}

/** Gives the members of a class the attributes that those of an interface have, and its name to `toString`. */
export function defineInterface(type: { readonly name: string; readonly prototype: object }): void {
  const { name, prototype } = type;
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (key !== 'constructor') Object.defineProperty(prototype, key, { ...descriptor, enumerable: true });
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
}

function toNumber(value: unknown): number {
  // Unlike `Number`, it throws at a BigInt.
  return +(value as number);
}

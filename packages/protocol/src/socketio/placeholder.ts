/** What stands in JSON for an attachment. */
export interface Placeholder {
  readonly _placeholder: true;
  /** Which attachment, from 0 on. */
  readonly num: number;
}

/** A place in decoded data that waits for an attachment. */
export interface Slot {
  readonly container: Container;
  readonly key: string | number;
  readonly num: number;
}

/** An object or an array of decoded data. */
type Container = Record<string | number, unknown>;

/**
 * Finds the placeholders in `root`, or tells that one of them cannot be filled: its number is none of the
 * attachments', or it would become the prototype of what it is in.
 *
 * It keeps its own stack, as the peer decides how deep the data is.
 *
 * @param attachmentCount - numbers from 0 up to this one are good
 * @param isTree - `JSON.parse` alone made it; a reviver may have built anything, circles too
 * @returns the places, or `null`
 */
export function findPlaceholders(root: object, attachmentCount: number, isTree: boolean): Slot[] | null {
  const slots: Slot[] = [];
  const waiting: Container[] = [root as Container];
  const seen = isTree ? null : new Set<Container>();
  for (let container = waiting.pop(); container !== undefined; container = waiting.pop()) {
    if (seen !== null) {
      if (seen.has(container) || ArrayBuffer.isView(container)) continue;
      seen.add(container);
    }
    // The keys of a wide array would take several times as long as it took to parse.
    const keys = Array.isArray(container) ? null : Object.keys(container);
    const { length } = keys ?? (container as unknown as unknown[]);
    for (let i = 0; i < length; i++) {
      const key = keys === null ? i : keys[i]!;
      const value = container[key];
      if (typeof value !== 'object' || value === null) continue;
      if (!isPlaceholder(value)) {
        waiting.push(value as Container);
      } else if (key === '__proto__' || !isIndex(value.num, attachmentCount)) {
        return null;
      } else {
        slots.push({ container, key, num: value.num });
      }
    }
  }
  return slots;
}

/** Puts attachments into their places; `false` where a reviver froze one of them. */
export function fillSlots(slots: readonly Slot[], attachments: readonly unknown[]): boolean {
  return slots.every(({ container, key, num }) => Reflect.set(container, key, attachments[num]));
}

function isPlaceholder(value: object): value is { readonly num: unknown } {
  // In this order: of most values the first says no, for less.
  return (value as Partial<Placeholder>)._placeholder === true && Object.hasOwn(value, '_placeholder');
}

function isIndex(num: unknown, count: number): num is number {
  return Number.isInteger(num) && (num as number) >= 0 && (num as number) < count;
}

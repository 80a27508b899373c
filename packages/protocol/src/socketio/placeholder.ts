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
  const search: Search = { slots: [], waiting: [root as Container], attachmentCount };
  const { slots, waiting } = search;
  const seen = isTree ? null : new Set<Container>();
  for (let container = waiting.pop(); container !== undefined; container = waiting.pop()) {
    if (seen !== null) {
      if (seen.has(container) || ArrayBuffer.isView(container)) continue;
      seen.add(container);
    }
    if (!visitAll(search, container)) return null;
  }
  return slots;
}

/** What was found, and what is still to be looked at. */
interface Search {
  readonly slots: Slot[];
  readonly waiting: Container[];
  readonly attachmentCount: number;
}

/** Looks at what is in `container`; returns `false` where a placeholder cannot be filled. */
function visitAll(search: Search, container: Container): boolean {
  if (!Array.isArray(container)) return Object.keys(container).every((key) => visit(search, container, key));
  // The keys of a wide one, as strings, would take several times as long as it took to parse.
  for (let i = 0; i < container.length; i++) if (!visit(search, container, i)) return false;
  return true;
}

function visit(
  { slots, waiting, attachmentCount }: Search,
  container: Container,
  key: string | number,
): boolean {
  const value = container[key];
  if (typeof value !== 'object' || value === null) return true;
  if (!isPlaceholder(value)) {
    waiting.push(value as Container);
    return true;
  }
  if (key === '__proto__' || !isIndex(value.num, attachmentCount)) return false;
  slots.push({ container, key, num: value.num });
  return true;
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

import { inspect } from 'node:util';

/**
 * A map by ids, of what comes and goes.
 *
 * Its own tables have where a value lies, and not the value: an old table of a `Map` keeps what was in it, as of a
 * `Set` (see `Roster`), which would be whole connections that came and went.
 */
export class SlotMap<Value> extends Map<string, Value> {
  readonly #values: (Value | null)[] = [];
  readonly #freeSlots: number[] = [];

  /** Takes entries as that of `Map` does, for what copies a map by its constructor. */
  constructor(entries: Iterable<readonly [string, Value]> | null = null) {
    super();
    for (const [id, value] of entries ?? []) this.set(id, value);
  }

  override get(id: string): Value | undefined {
    const slot = this.#slotOf(id);
    return slot === undefined ? undefined : this.#values[slot]!;
  }

  override set(id: string, value: Value): this {
    let slot = this.#slotOf(id);
    if (slot === undefined) {
      slot = this.#freeSlots.pop() ?? this.#values.length;
      super.set(id, slot as Value);
    }
    this.#values[slot] = value;
    return this;
  }

  override delete(id: string): boolean {
    const slot = this.#slotOf(id);
    if (slot === undefined) return false;
    this.#values[slot] = null;
    this.#freeSlots.push(slot);
    return super.delete(id);
  }

  override clear(): void {
    super.clear();
    this.#values.length = 0;
    this.#freeSlots.length = 0;
  }

  override *values(): ReturnType<Map<string, Value>['values']> {
    for (const slot of super.values()) yield this.#values[slot as number]!;
  }

  override *entries(): ReturnType<Map<string, Value>['entries']> {
    for (const [id, slot] of super.entries()) yield [id, this.#values[slot as number]!];
  }

  override [Symbol.iterator](): ReturnType<Map<string, Value>['entries']> {
    return this.entries();
  }

  override forEach(
    visit: (value: Value, id: string, map: Map<string, Value>) => void,
    thisArg?: unknown,
  ): void {
    for (const [id, value] of this) visit.call(thisArg, value, id, this);
  }

  /** @internal As Node's console shows a `Map`; through a proxy there is no more to show than its tables. */
  [inspect.custom](): Map<string, Value> {
    return #values in this ? new Map(this) : this;
  }

  #slotOf(id: string): number | undefined {
    return super.get(id) as number | undefined;
  }
}

import { inspect } from 'node:util';
import type { SocketId } from './adapter/contract.ts';

/**
 * The sockets of a namespace by their ids.
 *
 * Its own tables have where a socket lies, and not the socket: an old table of a `Map` keeps what was in it, as of a
 * `Set` (see `Roster`), which here would be whole connections that came and went.
 */
export class SocketMap<Value> extends Map<SocketId, Value> {
  readonly #values: (Value | null)[] = [];
  readonly #freeSlots: number[] = [];

  /** Takes entries as that of `Map` does, for what copies a map by its constructor. */
  constructor(entries: Iterable<readonly [SocketId, Value]> | null = null) {
    super();
    for (const [id, value] of entries ?? []) this.set(id, value);
  }

  override get(id: SocketId): Value | undefined {
    const slot = this.#slotOf(id);
    return slot === undefined ? undefined : this.#values[slot]!;
  }

  override set(id: SocketId, value: Value): this {
    let slot = this.#slotOf(id);
    if (slot === undefined) {
      slot = this.#freeSlots.pop() ?? this.#values.length;
      super.set(id, slot as Value);
    }
    this.#values[slot] = value;
    return this;
  }

  override delete(id: SocketId): boolean {
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

  override *values(): MapIterator<Value> {
    for (const slot of super.values()) yield this.#values[slot as number]!;
  }

  override *entries(): MapIterator<[SocketId, Value]> {
    for (const [id, slot] of super.entries()) yield [id, this.#values[slot as number]!];
  }

  override [Symbol.iterator](): MapIterator<[SocketId, Value]> {
    return this.entries();
  }

  override forEach(
    visit: (value: Value, id: SocketId, map: Map<SocketId, Value>) => void,
    thisArg?: unknown,
  ): void {
    for (const [id, value] of this) visit.call(thisArg, value, id, this);
  }

  /** @internal As Node's console shows a `Map`; through a proxy there is no more to show than its tables. */
  [inspect.custom](): Map<SocketId, Value> {
    return #values in this ? new Map(this) : this;
  }

  #slotOf(id: SocketId): number | undefined {
    return super.get(id) as number | undefined;
  }
}

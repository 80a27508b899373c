/** Bounds what waits in an array that the program may change too. */
export class BufferBudget {
  readonly #maxItems: number;
  readonly #maxBytes: number;
  readonly #sizes = new WeakMap<object, number>();
  #bytes = 0;

  constructor(maxItems: number, maxBytes: number) {
    this.#maxItems = maxItems;
    this.#maxBytes = maxBytes;
  }

  /** Appends `item` to `buffer`, or returns `false` where it would hold too much. */
  push<Item extends object>(buffer: Item[], item: Item, bytes: number): boolean {
    if (buffer.length === 0) this.#bytes = 0;
    if (this.#bytes + bytes > this.#maxBytes) {
      // The program may have taken something out.
      this.#bytes = buffer.reduce((sum, waiting) => sum + (this.#sizes.get(waiting) ?? 0), 0);
    }
    if (buffer.length >= this.#maxItems || this.#bytes + bytes > this.#maxBytes) return false;
    this.#sizes.set(item, bytes);
    this.#bytes += bytes;
    buffer.push(item);
    return true;
  }
}

/** What happened and was not looked at yet, in order. */
export class Queue<T> {
  readonly #items: T[] = [];
  readonly #waiting: ((item: T) => void)[] = [];

  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#items.push(item);
    else waiter(item);
  }

  /** Waits for the next item. The test's own timeout bounds it. */
  next(): Promise<T> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift() as T);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Waits for the next `count` items. */
  async take(count: number): Promise<T[]> {
    const items: T[] = [];
    while (items.length < count) items.push(await this.next());
    return items;
  }

  /** Returns what is there, without waiting. */
  drain(): T[] {
    return this.#items.splice(0);
  }
}

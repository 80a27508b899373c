/** So many values are kept: a program may take turns with its options. */
const MAX_KEPT = 8;

/** What is made of options that a program may change: made anew where one that counts is not as it was before. */
export class Derived<Options extends object, Value> {
  readonly #names: readonly (keyof Options)[];
  readonly #make: (options: Options) => Value;
  /** The latest first. */
  readonly #kept: { readonly options: Options; readonly value: Value }[] = [];

  /** @param names - the options that count */
  constructor(names: readonly (keyof Options)[], make: (options: Options) => Value) {
    this.#names = names;
    this.#make = make;
  }

  /** Returns what is made of `options`, the same as long as they are, and mostly when they are so again. */
  of(options: Options): Value {
    const known = this.#kept.find((kept) =>
      this.#names.every((name) => options[name] === kept.options[name]),
    );
    if (known !== undefined) return known.value;
    const value = this.#make(options);
    this.#kept.unshift({ options: { ...options }, value });
    if (this.#kept.length > MAX_KEPT) this.#kept.pop();
    return value;
  }
}

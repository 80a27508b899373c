/** What is made of options that a program may change: made anew where one that counts is not what it was. */
export class Derived<Options extends object, Value> {
  readonly #names: readonly (keyof Options)[];
  readonly #make: (options: Options) => Value;
  #latest: { readonly options: Options; readonly value: Value } | null = null;

  /** @param names - the options that count */
  constructor(names: readonly (keyof Options)[], make: (options: Options) => Value) {
    this.#names = names;
    this.#make = make;
  }

  /** Returns what is made of `options`, the same as long as they are. */
  of(options: Options): Value {
    const latest = this.#latest;
    if (latest !== null && this.#names.every((name) => options[name] === latest.options[name])) {
      return latest.value;
    }
    const value = this.#make(options);
    this.#latest = { options: { ...options }, value };
    return value;
  }
}

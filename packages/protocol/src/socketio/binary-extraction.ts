import { SocketIoUsageError } from './errors.ts';
import type { Placeholder } from './placeholder.ts';

/** Up to here the data cannot have been in a circle for long; below, each object is compared with those above it. */
const MAX_UNWATCHED_DEPTH = 100;

const { toJSON: dateToJson } = Date.prototype;

/**
 * Takes the binary data out of one packet's data, in one pass.
 *
 * A value without binary data is returned as it is, and nothing was allocated for it. Otherwise the containers on
 * the way to the binary data are new, with placeholders in them, and all else is shared with the caller's: no
 * value is changed. What an object is in JSON counts: its own enumerable properties, or what `toJSON` returns.
 */
export class BinaryExtraction {
  /** What was taken out, each at the number of its placeholder. */
  readonly attachments: object[] = [];
  readonly #isBinary: (value: object) => boolean;
  #ancestors: Set<object> | null = null;

  constructor(isBinary: (value: object) => boolean) {
    this.#isBinary = isBinary;
  }

  /** @throws SIO_ERR_CIRCULAR_ARGUMENT when an element contains itself */
  extractArray(values: readonly unknown[], depth = 0): readonly unknown[] {
    let copy: unknown[] | null = null;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (typeof value !== 'object' || value === null) continue;
      const extracted = this.#extract(value, i, depth);
      if (extracted === value) continue;
      copy ??= Array.from(values);
      copy[i] = extracted;
    }
    return copy ?? values;
  }

  #extract(value: object, key: string | number, depth: number): unknown {
    if (isExotic(value) && this.#isBinary(value)) return this.#replace(value);
    if (depth < MAX_UNWATCHED_DEPTH) return this.#extractJson(value, key, depth + 1);
    const ancestors = (this.#ancestors ??= new Set());
    if (ancestors.has(value)) {
      throw new SocketIoUsageError(
        'SIO_ERR_CIRCULAR_ARGUMENT',
        'an argument contains itself; emit data without circles, or give the class a toJSON method',
      );
    }
    ancestors.add(value);
    const extracted = this.#extractJson(value, key, depth + 1);
    ancestors.delete(value);
    return extracted;
  }

  #extractJson(value: object, key: string | number, depth: number): unknown {
    const toJson: unknown = (value as { toJSON?: unknown }).toJSON;
    if (typeof toJson === 'function') {
      if (toJson === dateToJson) return value;
      const json: unknown = toJson.call(value, String(key));
      const extracted = this.#extractResult(json, depth);
      // Without binary data in it, the result need not be kept: `JSON.stringify` calls `toJSON` itself.
      return extracted === json ? value : extracted;
    }
    return Array.isArray(value) ? this.extractArray(value, depth) : this.#extractProperties(value, depth);
  }

  /** What `toJSON` returned is final: its own `toJSON`, if it has one, is not called. */
  #extractResult(json: unknown, depth: number): unknown {
    if (typeof json !== 'object' || json === null) return json;
    if (isExotic(json) && this.#isBinary(json)) return this.#replace(json);
    return Array.isArray(json) ? this.extractArray(json, depth) : this.#extractProperties(json, depth);
  }

  #extractProperties(value: object, depth: number): object {
    const source = value as Readonly<Record<string, unknown>>;
    let copy: Record<string, unknown> | null = null;
    for (const key in source) {
      const item = source[key];
      if (typeof item !== 'object' || item === null || !Object.hasOwn(source, key)) continue;
      const extracted = this.#extract(item, key, depth);
      if (extracted === item) continue;
      copy ??= copyProperties(source);
      define(copy, key, extracted);
    }
    return copy ?? value;
  }

  #replace(value: object): Placeholder {
    return { _placeholder: true, num: this.attachments.push(value) - 1 };
  }
}

/** Tells whether `value` can be anything but a plain object or an array, by what is cheapest to know of it. */
function isExotic(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== Array.prototype;
}

/** Functions are nothing to JSON, and a `toJSON` among them was called already. */
function copyProperties(source: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(source)) {
    const item = source[key];
    if (typeof item !== 'function') define(copy, key, item);
  }
  return copy;
}

/** Sets a property of a plain object, also one of the name that would set its prototype. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

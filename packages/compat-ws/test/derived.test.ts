import { describe, expect, test } from 'vitest';
import { Derived } from '../src/derived.ts';

interface Options {
  readonly maxPayload: number;
  readonly path?: string;
}

/** What is made of the limits, and how often something was made. */
function derive() {
  const made: number[] = [];
  const derived = new Derived<Options, object>(['maxPayload'], ({ maxPayload }) => {
    made.push(maxPayload);
    return {};
  });
  return { made, of: (maxPayload: number, path = '/') => derived.of({ maxPayload, path }) };
}

describe('what is made of options that change', () => {
  test('is the same while those that count are', () => {
    const { made, of } = derive();
    expect(of(1, '/other')).toBe(of(1));
    expect(made).toEqual([1]);
  });

  test('is the same for options that take turns', () => {
    const { made, of } = derive();
    const [first, second, third] = [of(1), of(2), of(3)];
    expect([of(1), of(2), of(3), of(1)]).toEqual([first, second, third, first]);
    expect(of(1)).toBe(first);
    expect(made).toEqual([1, 2, 3]);
  });

  test('is not kept for ever where each is another', () => {
    const { made, of } = derive();
    for (let i = 0; i < 100; i++) of(i);
    of(99);
    expect(made).toHaveLength(100);
    of(0);
    expect(made.at(-1)).toBe(0);
    expect(made).toHaveLength(101);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deliveries } from '../../src/recovery/index.ts';

describe('Deliveries', () => {
  it('tells what came behind any count, and the count of any number', () => {
    const deliveries = new Deliveries();
    for (const number of [3, 4, 0, 0, 5, 9, 0]) {
      if (number === 0) deliveries.pass();
      else deliveries.add(number, 1);
    }
    expect(deliveries.total).toBe(7);
    expect(deliveries.after(0)).toEqual([3, 4, 5, 9]);
    expect(deliveries.after(1)).toEqual([4, 5, 9]);
    expect(deliveries.after(3)).toEqual([5, 9]);
    expect(deliveries.after(6)).toEqual([]);
    expect([3, 4, 5, 9, 6].map((number) => deliveries.countUpTo(number))).toEqual([1, 2, 5, 6, null]);
  });

  it('tells what is lost without a list of all that was sent', () => {
    const deliveries = new Deliveries();
    // More than an array can hold.
    for (let number = 1; number <= 150_000_000; number++) deliveries.add(number, 1);
    expect(deliveries.lastBelow(149_999_990, 0)).toBe(149_999_989);
    expect(deliveries.lastBelow(149_999_990, 149_999_988)).toBe(149_999_989);
    expect(deliveries.lastBelow(149_999_990, 149_999_989)).toBeUndefined();
  });

  it('forgets more than it can remember, and says so', () => {
    const deliveries = new Deliveries();
    for (let number = 1; number <= 20_000; number += 2) deliveries.add(number, 1);
    expect(deliveries.isCut).toBe(true);
    expect(deliveries.total).toBe(10_000);
    expect(deliveries.total - deliveries.forgotten).toBeLessThanOrEqual(4096);
    expect(deliveries.after(9_999)).toEqual([19_999]);
  });

  it('remembers what a plain list does, whatever is forgotten', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), gaps: fc.constantFrom([1], [2], [3], [2, 1]) }),
      fc.record({ kind: fc.constant('pass' as const) }),
      fc.record({ kind: fc.constant('forget' as const), part: fc.integer({ min: 0, max: 4 }) }),
    );
    fc.assert(
      fc.property(fc.nat(5), fc.array(step, { maxLength: 60 }), (received, steps) => {
        const deliveries = new Deliveries(received);
        const list: number[] = [];
        let next = 1;
        let forgotten = 0;
        for (const action of steps) {
          if (action.kind === 'add') {
            const numbers = action.gaps.map((gap) => next + gap);
            next = Math.max(...numbers);
            list.push(...numbers);
            for (const number of numbers) deliveries.add(number, 1);
          } else if (action.kind === 'pass') {
            list.push(0);
            deliveries.pass();
          } else {
            const floor = Math.floor((next * action.part) / 4);
            const last = list.findLastIndex((number) => number !== 0 && number < floor);
            forgotten = Math.max(forgotten, last + 1);
            deliveries.forget(floor);
          }
          expect(deliveries.total).toBe(received + list.length);
          expect(deliveries.forgotten).toBe(received + forgotten);
        }
        for (let count = forgotten; count <= list.length; count++) {
          const rest = list.slice(count).filter((number) => number !== 0);
          expect(deliveries.after(received + count)).toEqual(rest);
          const floors = Array.from({ length: next + 2 }, (_, floor) => floor);
          const lasts = floors.map((floor) => deliveries.lastBelow(floor, received + count));
          expect(lasts).toEqual(floors.map((floor) => rest.findLast((number) => number < floor)));
        }
        list.forEach((number, i) => {
          if (number !== 0 && i >= forgotten) expect(deliveries.countUpTo(number)).toBe(received + i + 1);
        });
      }),
      { numRuns: 1000 },
    );
  });
});

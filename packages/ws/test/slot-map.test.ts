import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SlotMap } from '../src/slot-map.ts';

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const change = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('set'), id }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete'), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear'), id }) },
);

/** Everything that a map shows of itself. */
function shown(map: Map<string, object>): unknown {
  const visited: unknown[] = [];
  map.forEach(function (this: unknown, ...args) {
    visited.push([this, args[0], args[1], args[2] === map]);
  }, 'this');
  return {
    size: map.size,
    iterated: [...map],
    entries: [...map.entries()],
    keys: [...map.keys()],
    values: [...map.values()],
    got: ['a', 'b', 'c', 'd', 'e'].map((name) => [map.has(name), map.get(name)]),
    visited,
    copied: new Map(map),
    inspected: inspect(map),
    inspectedByProxy: typeof inspect(new Proxy(map, {})),
    copiedByItsClass: [...new (map.constructor as typeof Map)(map)],
    isMap: map instanceof Map,
  };
}

describe('map by ids', () => {
  test('what is done to it shows as in any map', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const sockets = new SlotMap<object>();
        const model = new Map<string, object>();
        changes.forEach(({ kind, id: name }, number) => {
          const socket = { number };
          for (const map of [sockets, model]) {
            if (kind === 'set') expect(map.set(name, socket)).toBe(map);
            else if (kind === 'clear') map.clear();
          }
          if (kind === 'delete') expect(sockets.delete(name)).toBe(model.delete(name));
          expect(shown(sockets)).toEqual(shown(model));
        });
      }),
    );
  });

  test('walk goes on while sockets leave and come', () => {
    const walks = [new SlotMap<string>(), new Map<string, string>()].map((map) => {
      for (const name of 'abcd') map.set(name, name);
      const walked: string[] = [];
      for (const value of map.values()) {
        walked.push(value);
        if (value === 'b') {
          for (const name of 'acb') map.delete(name);
          map.set('e', 'e').set('a', 'a again');
        }
      }
      return walked;
    });
    expect(walks).toEqual([['a', 'b', 'd', 'e', 'a again'], walks[0]]);
  });
});

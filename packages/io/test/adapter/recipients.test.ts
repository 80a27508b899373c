import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AdapterNamespace, Room, SocketId } from '../../src/adapter/contract.ts';
import { forEachSocket, type Whereabouts } from '../../src/adapter/recipients.ts';

/** Counts how often it is asked. */
class CountingSet extends Set<string> {
  static asked = 0;

  override has(value: string): boolean {
    CountingSet.asked++;
    return super.has(value);
  }
}

/** Who is where, by who joined what. */
function whereaboutsOf(joined: ReadonlyMap<SocketId, ReadonlySet<Room>>): Whereabouts {
  const rooms = new Map<Room, Set<SocketId>>();
  for (const [id, names] of joined) {
    for (const name of names) rooms.set(name, (rooms.get(name) ?? new CountingSet()).add(id));
  }
  const sockets = new Map([...joined.keys()].map((id) => [id, { id }]));
  return { nsp: { sockets } as unknown as AdapterNamespace, rooms, sids: joined };
}

function visited(whereabouts: Whereabouts, options: { rooms: Set<Room>; except?: Set<Room> }): SocketId[] {
  const ids: SocketId[] = [];
  forEachSocket<{ id: SocketId }>(whereabouts, options, ({ id }) => ids.push(id));
  return ids;
}

describe('recipients', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const some = fc.subarray(names);

  test('are those in any of the rooms, and in none of those that are left out', () => {
    fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), some, some, (members, to, except) => {
        const joined = new Map(members.map((rooms, i) => [`s${i}`, new CountingSet([`s${i}`, ...rooms])]));
        const isIn = (id: SocketId, list: readonly Room[]) => list.some((name) => joined.get(id)!.has(name));
        const expected = [...joined.keys()].filter(
          (id) => (to.length === 0 || isIn(id, to)) && !isIn(id, except),
        );
        const ids = visited(whereaboutsOf(joined), { rooms: new Set(to), except: new Set(except) });
        expect(ids.sort()).toEqual(expected.sort());
      }),
    );
  });

  test('of thousands of rooms are found in as many steps, and so are those without', () => {
    const count = 2000;
    const joined = new Map<SocketId, Set<Room>>();
    for (let i = 0; i < count; i++) joined.set(`s${i}`, new CountingSet([`s${i}`, `user ${i}`]));
    const whereabouts = whereaboutsOf(joined);
    const rooms = new CountingSet(Array.from({ length: count }, (_, i) => `user ${i}`));
    CountingSet.asked = 0;
    expect(visited(whereabouts, { rooms })).toHaveLength(count);
    const except = new CountingSet([...rooms].slice(0, count / 2));
    expect(visited(whereabouts, { rooms: new Set(), except })).toHaveLength(count / 2);
    expect(CountingSet.asked).toBeLessThan(10 * count);
  });

  test('of a few are found without a look at all that are left out', () => {
    const joined = new Map<SocketId, Set<Room>>();
    for (let i = 0; i < 2000; i++) joined.set(`s${i}`, new CountingSet(['a', 'b', 'c', 'd', 'e']));
    joined.set('one', new CountingSet(['small']));
    const whereabouts = whereaboutsOf(joined);
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const members = whereabouts.rooms.get(name)!;
      Object.defineProperty(members, 'keys', {
        value: () => {
          throw new Error('all are walked through');
        },
      });
    }
    const except = new Set(['a', 'b', 'c', 'd', 'e']);
    expect(visited(whereabouts, { rooms: new Set(['small']), except })).toEqual(['one']);
  });

  test('are also those that a program has put into a room itself', () => {
    const whereabouts = whereaboutsOf(new Map([['one', new Set(['one'])]]));
    const rooms = whereabouts.rooms as Map<Room, Set<SocketId>>;
    for (const name of ['a', 'b']) rooms.set(name, new Set(['one']));
    expect(visited(whereabouts, { rooms: new Set(['a', 'b']) })).toEqual(['one']);
  });
});

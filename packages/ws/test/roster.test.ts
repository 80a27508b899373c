import { describe, expect, test } from 'vitest';
import { Roster, type RosterMember } from '../src/roster.ts';

class Named implements RosterMember {
  rosterIndex = -1;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

function fill(names: string): { roster: Roster<Named>; members: Named[] } {
  const roster = new Roster<Named>();
  const members = [...names].map((name) => new Named(name));
  for (const member of members) roster.add(member);
  return { roster, members };
}

const namesIn = (roster: Roster<Named>) =>
  [...roster]
    .map(({ name }) => name)
    .sort()
    .join('');

describe('roster', () => {
  test.each([
    ['a', 'bcd'],
    ['b', 'acd'],
    ['d', 'abc'],
  ])('member %s leaves, and the others stay', (name, rest) => {
    const { roster, members } = fill('abcd');
    const leaving = members.find((member) => member.name === name)!;
    expect(roster.delete(leaving)).toBe(true);
    expect([namesIn(roster), roster.size]).toEqual([rest, 3]);
    expect(roster.delete(leaving)).toBe(false);
    roster.add(leaving);
    expect(namesIn(roster)).toBe('abcd');
  });

  test('member is in it once, however often it is added', () => {
    const { roster, members } = fill('ab');
    roster.add(members[0]!);
    expect([namesIn(roster), roster.size]).toEqual(['ab', 2]);
  });

  test('walk visits each of those that stay once, and none that has left', () => {
    const { roster, members } = fill('abcdef');
    const visited: string[] = [];
    for (const member of roster) {
      visited.push(member.name);
      if (member.name === 'b') for (const index of [0, 1, 3]) roster.delete(members[index]!);
      if (member.name === 'c') roster.add(new Named('late'));
    }
    expect(visited).toEqual(['a', 'b', 'c', 'e', 'f']);
    expect(roster.size).toBe(4);
  });

  test('what has left is forgotten', () => {
    const { roster, members } = fill('abc');
    for (const member of members) roster.delete(member);
    expect([namesIn(roster), roster.size]).toEqual(['', 0]);
  });
});

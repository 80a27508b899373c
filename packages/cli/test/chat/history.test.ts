import { describe, expect, test } from 'vitest';
import { History } from '../../src/chat/history.ts';
import type { HistoryEntry } from '../../src/chat/messages.ts';

const entry = (id: string, at: number, room = 'lobby', text = ''): HistoryEntry => ({
  type: 'said',
  id,
  room,
  from: { id: 'm', name: 'Ada' },
  at,
  text,
});

const idsOf = (history: History, room: string) => history.of(room).map(({ id }) => id);

describe('history', () => {
  test('keeps the latest of each room', () => {
    const history = new History({ historyLength: 2, historyBytes: 10_000 });
    history.add(entry('a', 1));
    history.add(entry('b', 2));
    history.add(entry('x', 3, 'other'));
    history.add(entry('c', 4));
    expect(idsOf(history, 'lobby')).toEqual(['b', 'c']);
    expect(idsOf(history, 'other')).toEqual(['x']);
    expect(idsOf(history, 'nowhere')).toEqual([]);
  });

  test('over its bytes it gives up the oldest of all rooms', () => {
    const history = new History({ historyLength: 50, historyBytes: 3000 });
    history.add(entry('a', 1, 'one', 'x'.repeat(500)));
    history.add(entry('b', 2, 'two', 'x'.repeat(500)));
    history.add(entry('c', 3, 'two', 'x'.repeat(500)));
    expect(idsOf(history, 'one')).toEqual([]);
    expect(idsOf(history, 'two')).toEqual(['b', 'c']);
    expect(history.bytes).toBeLessThanOrEqual(3000);
  });

  test('one entry over all bytes is not kept', () => {
    const history = new History({ historyLength: 50, historyBytes: 100 });
    history.add(entry('a', 1));
    expect(history.bytes).toBe(0);
  });

  test('finds an entry in its room only', () => {
    const history = new History();
    history.add(entry('a', 1));
    expect(history.find('lobby', 'a')).toMatchObject({ id: 'a' });
    expect(history.find('other', 'a')).toBeUndefined();
  });

  test('a forgotten room costs nothing', () => {
    const history = new History();
    history.add(entry('a', 1));
    history.forget('lobby');
    history.forget('nowhere');
    expect(history.bytes).toBe(0);
    expect(idsOf(history, 'lobby')).toEqual([]);
  });
});

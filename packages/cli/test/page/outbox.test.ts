import { expect, test } from 'vitest';
import { Outbox } from '../../static/outbox.js';

const message = (id: string, room = 'lobby') => ({ id, room, content: 'text', nowMs: 0 });
const idsOf = (entries: readonly { id: string }[]) => entries.map(({ id }) => id);

test('messages wait in order, each for its room', () => {
  const outbox = new Outbox();
  for (const id of ['a', 'b']) outbox.add(message(id));
  outbox.add(message('x', 'other'));
  expect(idsOf(outbox.waitingFor('lobby'))).toEqual(['a', 'b']);
  expect(idsOf(outbox.waitingFor('other'))).toEqual(['x']);
  expect([...outbox.countByRoom()]).toEqual([
    ['lobby', 2],
    ['other', 1],
  ]);
});

test('what was on its way when the connection broke waits again, in its place', () => {
  const outbox = new Outbox();
  const first = outbox.add(message('a'))!;
  outbox.add(message('b'));
  first.state = 'sending';
  expect(idsOf(outbox.waitingFor('lobby'))).toEqual(['b']);
  expect(idsOf(outbox.takeBack())).toEqual(['a']);
  expect(idsOf(outbox.waitingFor('lobby'))).toEqual(['a', 'b']);
});

test('what was refused does not wait, what was confirmed is gone', () => {
  const outbox = new Outbox();
  outbox.add(message('a'))!.state = 'refused';
  outbox.add(message('b'));
  outbox.remove('b');
  expect(outbox.waitingFor('lobby')).toEqual([]);
  expect(outbox.takeBack()).toEqual([]);
  expect(outbox.get('a')).toBeDefined();
  expect(outbox.get('b')).toBeUndefined();
});

test('it is bounded in messages and in bytes', () => {
  const outbox = new Outbox();
  for (let number = 0; number < 100; number++) expect(outbox.add(message(`m${number}`))).toBeDefined();
  expect(outbox.add(message('one more'))).toBeUndefined();

  const files = new Outbox();
  const content = { name: 'a', mediaType: '', bytes: new Uint8Array(20 * 1024 * 1024) };
  expect(files.add({ id: 'a', room: 'lobby', content, nowMs: 0 })).toBeDefined();
  expect(files.add({ id: 'b', room: 'lobby', content, nowMs: 0 })).toBeUndefined();
});

import { expect, test } from 'vitest';
import { Receipts } from '../../src/chat/receipts.ts';

test('a session counts once, and never for its own message', () => {
  const receipts = new Receipts();
  receipts.expect('lobby', 'm1', { sender: 'ada', of: 2 });
  expect(receipts.count('lobby', 'm1', 'grace')).toEqual({ sender: 'ada', by: 1, of: 2 });
  expect(receipts.count('lobby', 'm1', 'grace')).toBeUndefined();
  expect(receipts.count('lobby', 'm1', 'ada')).toBeUndefined();
  expect(receipts.count('other', 'm1', 'alan')).toBeUndefined();
});

test('who came back later counts too', () => {
  const receipts = new Receipts();
  receipts.expect('lobby', 'm1', { sender: 'ada', of: 0 });
  expect(receipts.count('lobby', 'm1', 'grace')).toEqual({ sender: 'ada', by: 1, of: 1 });
});

test('over the bound the oldest message is no longer counted', () => {
  const receipts = new Receipts(2);
  for (const id of ['m1', 'm2', 'm3']) receipts.expect('lobby', id, { sender: 'ada', of: 1 });
  expect(receipts.count('lobby', 'm1', 'grace')).toBeUndefined();
  expect(receipts.count('lobby', 'm2', 'grace')).toMatchObject({ by: 1 });
});

test('receipts of one message are bounded', () => {
  const receipts = new Receipts();
  receipts.expect('lobby', 'm1', { sender: 'ada', of: 1 });
  for (let number = 0; number < 400; number++) receipts.count('lobby', 'm1', `session ${number}`);
  expect(receipts.count('lobby', 'm1', 'one more')).toBeUndefined();
});

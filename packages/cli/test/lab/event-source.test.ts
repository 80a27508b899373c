import { expect, test } from 'vitest';
import { EventSource } from '../../src/lab/event-source.ts';

test('events come evenly, each with its own number and the time at which it happened', () => {
  const source = new EventSource({ rate: 10, payloadBytes: 64 });
  expect(source.take(1000)).toEqual([]);
  expect(source.take(1099)).toEqual([]);
  expect(source.take(1101)).toEqual([{ seq: 1, at: 1101, bytes: 64 }]);
  expect(source.take(1305)).toEqual([
    { seq: 2, at: 1305, bytes: 64 },
    { seq: 3, at: 1305, bytes: 64 },
  ]);
});

test('another pace holds from now on, and the numbers go on', () => {
  const source = new EventSource({ rate: 1, payloadBytes: 64 });
  source.take(0);
  expect(source.take(1000)).toHaveLength(1);
  source.pace = { rate: 100, payloadBytes: 16 };
  expect(source.take(5000)).toEqual([]);
  expect(source.take(5010)).toEqual([{ seq: 2, at: 5010, bytes: 16 }]);
});

test('a pause has no events', () => {
  const source = new EventSource({ rate: 10, payloadBytes: 64 });
  source.take(0);
  source.pause();
  expect(source.take(900)).toEqual([]);
  expect(source.take(1000)).toHaveLength(1);
});

test('after a long stall only what is due within a second comes', () => {
  const source = new EventSource({ rate: 100, payloadBytes: 64 });
  source.take(0);
  expect(source.take(3_600_000).length).toBeLessThanOrEqual(101);
});

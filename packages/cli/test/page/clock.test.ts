import { expect, test } from 'vitest';
import { ServerClock } from '../../static/clock.js';

test('without an answer there is no estimate', () => {
  expect(new ServerClock().ageOf(0)).toBeUndefined();
  expect(new ServerClock().roundTripMs).toBeUndefined();
});

test('the server is assumed to have answered in the middle', () => {
  const clock = new ServerClock();
  // The server is 1000 ms ahead.
  clock.add({ sentMs: 100, serverMs: 1105, receivedMs: 110 });
  expect(clock.roundTripMs).toBe(10);
  expect(clock.ageOf(1200, 203)).toEqual({ ageMs: 3, errorMs: 5 });
});

test('the quickest round trip is believed, the latest one shown', () => {
  const clock = new ServerClock();
  clock.add({ sentMs: 0, serverMs: 1, receivedMs: 2 });
  clock.add({ sentMs: 100, serverMs: 190, receivedMs: 200 });
  expect(clock.roundTripMs).toBe(100);
  expect(clock.ageOf(300, 305)).toEqual({ ageMs: 5, errorMs: 1 });
});

test('an age is never negative', () => {
  const clock = new ServerClock();
  clock.add({ sentMs: 0, serverMs: 5, receivedMs: 10 });
  expect(clock.ageOf(101, 100)).toEqual({ ageMs: 0, errorMs: 5 });
});

test('old answers are forgotten, and all of them for a new server', () => {
  const clock = new ServerClock();
  clock.add({ sentMs: 0, serverMs: 0.5, receivedMs: 1 });
  for (let sentMs = 100; sentMs < 112; sentMs++) {
    clock.add({ sentMs, serverMs: sentMs + 4, receivedMs: sentMs + 8 });
  }
  expect(clock.ageOf(0, 0)?.errorMs).toBe(4);
  clock.reset();
  expect(clock.ageOf(0, 0)).toBeUndefined();
});

import { expect, test } from 'vitest';
import { Pinger } from '../../src/connect/pinger.ts';

function createPinger() {
  const pings: string[] = [];
  const notes: string[] = [];
  const clock = { nowMs: 0 };
  const target = { ping: (data: Uint8Array) => void pings.push(Buffer.from(data).toString()) };
  const pinger = new Pinger(
    target,
    (message) => notes.push(message),
    () => clock.nowMs,
  );
  return { pinger, pings, notes, clock };
}

test('an answer is told with its round trip', () => {
  const { pinger, pings, notes, clock } = createPinger();
  pinger.pingOnce();
  clock.nowMs = 1.234;
  pinger.receivePong(Buffer.from('1'));
  expect(pings).toEqual(['1']);
  expect(notes).toEqual(['pong 1: 1.23 ms']);
});

test('a pong that nobody asked for is passed over', () => {
  const { pinger, notes } = createPinger();
  pinger.receivePong(Buffer.from('1'));
  pinger.pingOnce();
  pinger.receivePong(Buffer.from('7'));
  expect(notes).toEqual([]);
});

test('a missing answer is told with the next ping', () => {
  const { pinger, pings, notes, clock } = createPinger();
  pinger.pingOnce();
  clock.nowMs = 2000;
  pinger.pingOnce();
  expect(notes).toEqual(['ping 1: no answer in 2000 ms']);
  expect(pings).toEqual(['1', '2']);
});

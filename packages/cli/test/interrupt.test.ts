import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listenForInterrupt } from '../src/interrupt.ts';

class Signals extends EventEmitter {
  readonly exits: number[] = [];

  exit(code: number): void {
    this.exits.push(code);
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test('the first signal is told, the second one ends the process', async () => {
  const signals = new Signals();
  const { interrupted } = listenForInterrupt(signals);
  signals.emit('SIGINT');
  await interrupted;
  vi.advanceTimersByTime(1000);
  signals.emit('SIGTERM');
  expect(signals.exits).toEqual([130]);
});

test('the same keystroke arriving twice is one', async () => {
  const signals = new Signals();
  const { interrupted } = listenForInterrupt(signals);
  signals.emit('SIGINT');
  vi.advanceTimersByTime(100);
  signals.emit('SIGINT');
  await interrupted;
  expect(signals.exits).toEqual([]);
});

test('disposing leaves no listener behind', () => {
  const signals = new Signals();
  listenForInterrupt(signals).dispose();
  expect(signals.listenerCount('SIGINT') + signals.listenerCount('SIGTERM')).toBe(0);
});

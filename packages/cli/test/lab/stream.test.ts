import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LAB_LIMITS } from '../../src/lab/limits.ts';
import { Stream } from '../../src/lab/stream.ts';

let trace: string[];
let stream: Stream;

beforeEach(() => {
  vi.useFakeTimers();
  trace = [];
  stream = new Stream({
    onEvents: (events) => trace.push(...events.map(({ seq, bytes }) => `${seq}: ${bytes}`)),
    onIdle: () => trace.push('idle'),
  });
});

afterEach(() => {
  stream.stop();
  vi.useRealTimers();
});

test('every wish is kept within the limits', () => {
  stream.change({ rate: 1e9, payloadBytes: 1e9 });
  expect(stream.pace).toEqual({ rate: LAB_LIMITS.rate.max, payloadBytes: LAB_LIMITS.payloadBytes.max });
  stream.change({ rate: -1, payloadBytes: 0 });
  expect(stream.pace).toEqual({ rate: LAB_LIMITS.rate.min, payloadBytes: LAB_LIMITS.payloadBytes.min });
  stream.change({ rate: 'fast', payloadBytes: Number.NaN });
  expect(stream.pace).toEqual({ rate: LAB_LIMITS.rate.min, payloadBytes: LAB_LIMITS.payloadBytes.min });
});

test('events happen while it runs', () => {
  stream.change({ rate: 10, payloadBytes: 100 });
  vi.advanceTimersByTime(1000);
  expect(trace.slice(0, 2)).toEqual(['1: 100', '2: 100']);
  stream.change({ isRunning: false });
  expect(stream.isRunning).toBe(false);
  trace.length = 0;
  vi.advanceTimersByTime(1000);
  expect(trace).toEqual([]);
});

test('it rests when nothing was changed for long, until something is', () => {
  stream.change({ rate: 1 });
  vi.advanceTimersByTime(LAB_LIMITS.idleMs - 1);
  stream.change({ rate: 1 });
  vi.advanceTimersByTime(LAB_LIMITS.idleMs - 1);
  expect(trace).not.toContain('idle');
  vi.advanceTimersByTime(1);
  expect(trace.at(-1)).toBe('idle');
  expect(stream.isRunning).toBe(false);
  stream.change({});
  expect(stream.isRunning).toBe(true);
});

test('its id is not to be guessed', () => {
  expect(stream.id).toMatch(/^[\w-]{16}$/);
});

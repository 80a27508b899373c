import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Heartbeat } from '../../static/heartbeat.js';

let trace: string[];
let queuedBytes: number;
let answers: boolean;
let givesUp: boolean;
let heartbeat: Heartbeat;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  trace = [];
  queuedBytes = 0;
  answers = true;
  givesUp = true;
  heartbeat = new Heartbeat({
    ping: () => {
      trace.push('ping');
      if (answers) setTimeout(() => heartbeat.alive(), 1);
    },
    queuedBytes: () => queuedBytes,
    onSilence: (silentMs) => trace.push(`silence ${Math.round(silentMs / 1000)} s`),
    onDead: () => {
      trace.push('dead');
      return givesUp;
    },
  });
  heartbeat.start();
});

afterEach(() => {
  heartbeat.stop();
  vi.useRealTimers();
});

test('begins with a few quick pings and goes on steadily', () => {
  vi.advanceTimersByTime(1000);
  expect(trace).toHaveLength(4);
  vi.advanceTimersByTime(20_000);
  expect(trace).toEqual(Array(8).fill('ping'));
});

test('tells of a silence, and after a while of death', () => {
  vi.advanceTimersByTime(1000);
  answers = false;
  vi.advanceTimersByTime(5000);
  trace.length = 0;
  vi.advanceTimersByTime(60_000);
  expect(trace).toEqual(['silence 5 s', 'silence 10 s', 'silence 15 s', 'silence 20 s', 'dead']);
});

test('goes on telling of the silence when the connection is not given up', () => {
  vi.advanceTimersByTime(1000);
  answers = false;
  givesUp = false;
  vi.advanceTimersByTime(25_000);
  trace.length = 0;
  vi.advanceTimersByTime(5000);
  expect(trace).toEqual(['dead', 'silence 25 s']);
  answers = true;
  heartbeat.alive();
  vi.advanceTimersByTime(5000);
  expect(trace.at(-1)).toBe('ping');
});

test('anything that arrives is life', () => {
  vi.advanceTimersByTime(1000);
  answers = false;
  vi.advanceTimersByTime(15_000);
  heartbeat.alive();
  trace.length = 0;
  vi.advanceTimersByTime(5000);
  expect(trace).toEqual(['ping']);
});

test('a file that is still leaving is life', () => {
  answers = false;
  queuedBytes = 1_000_000;
  for (let step = 0; step < 20; step++) {
    vi.advanceTimersByTime(5000);
    queuedBytes -= 1000;
  }
  expect(trace).not.toContain('dead');
});

test('stopped, it does nothing', () => {
  heartbeat.stop();
  trace.length = 0;
  vi.advanceTimersByTime(60_000);
  expect(trace).toEqual([]);
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SilenceTimer } from '../../src/connect/silence-timer.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('runs out after the silence, counted from the last event', () => {
  const onSilence = vi.fn();
  const timer = new SilenceTimer(1000, onSilence);
  timer.start();
  vi.advanceTimersByTime(900);
  timer.touch();
  vi.advanceTimersByTime(900);
  expect(onSilence).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100);
  expect(onSilence).toHaveBeenCalledOnce();
});

test('counts nothing before it was started, and nothing after it was stopped', () => {
  const onSilence = vi.fn();
  const timer = new SilenceTimer(1000, onSilence);
  timer.touch();
  vi.advanceTimersByTime(5000);
  timer.start();
  timer.stop();
  vi.advanceTimersByTime(5000);
  expect(onSilence).not.toHaveBeenCalled();
});

test('for ever is for ever', () => {
  const onSilence = vi.fn();
  new SilenceTimer(Number.POSITIVE_INFINITY, onSilence).start();
  expect(vi.getTimerCount()).toBe(0);
});

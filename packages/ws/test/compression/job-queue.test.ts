import { describe, expect, test } from 'vitest';
import { JobQueue } from '../../src/compression/job-queue.ts';

describe('jobs on other threads', () => {
  test('queue runs so many at a time, in order', () => {
    const queue = new JobQueue(2);
    const started: number[] = [];
    const ends: (() => void)[] = [];
    for (let i = 0; i < 5; i++) {
      queue.run((done) => {
        started.push(i);
        ends.push(done);
      });
    }
    expect(started).toEqual([0, 1]);
    ends[1]!();
    expect(started).toEqual([0, 1, 2]);
    for (const end of [0, 2, 3]) ends[end]!();
    expect(started).toEqual([0, 1, 2, 3, 4]);
  });

  test('queue runs jobs that end at once', () => {
    const queue = new JobQueue(1);
    const ended: number[] = [];
    for (let i = 0; i < 1000; i++) {
      queue.run((done) => {
        ended.push(i);
        done();
      });
    }
    expect(ended).toHaveLength(1000);
  });

  test('queue starts no job that was cancelled, and lets it go', () => {
    const queue = new JobQueue(1);
    const started: string[] = [];
    let end = () => {};
    const cancelRunning = queue.run((done) => {
      end = done;
    });
    const cancel = queue.run(() => started.push('cancelled'));
    queue.run(() => started.push('next'));
    cancel();
    cancelRunning();
    expect(started).toEqual([]);
    end();
    expect(started).toEqual(['next']);
  });
});

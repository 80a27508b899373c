import { describe, expect, it } from 'vitest';
import {
  Deliveries,
  formatOffset,
  type Position,
  Recovery,
  type RecoveryOptions,
  type SessionState,
} from '../../src/recovery/index.ts';

const ALL = { rooms: new Set<string>() };
const SESSION: SessionState = { sid: 's', pid: 'own.p', rooms: ['s', 'r'], data: { name: 'x' } };

function open(options: Partial<RecoveryOptions> = {}): Recovery<string> {
  return new Recovery({ maxDisconnectionMs: 1000, noticeMs: 100, pidPrefix: 'own.', ...options });
}

/** What a restore comes to, in one line. */
function outcome(recovery: Recovery<string>, position: Position, nowMs = 0, pid = SESSION.pid): string {
  const restored = recovery.restore(pid, position, nowMs);
  return restored.refused ?? restored.missed.map(({ event }) => event).join(' ');
}

function send(recovery: Recovery<string>, deliveries: Deliveries, event: string, nowMs = 0): number {
  const number = recovery.keep(event, event.length, ALL, nowMs);
  deliveries.add(number, recovery.floor);
  return number;
}

describe('Recovery', () => {
  it('gives back the session, with what its client missed in order', () => {
    const recovery = open();
    const deliveries = new Deliveries();
    for (const event of ['a', 'b', 'c']) send(recovery, deliveries, event);
    recovery.lose(SESSION, deliveries, 0);
    recovery.keep('since', 5, { rooms: new Set(['r']) }, 0);
    const restored = recovery.restore(SESSION.pid, { received: 1 }, 0);
    expect(restored).toMatchObject({
      ...SESSION,
      refused: undefined,
      missed: [
        { number: 2, event: 'b' },
        { number: 3, event: 'c' },
        { number: 4, event: 'since' },
      ],
    });
    expect(recovery.isAway(SESSION.pid, 0)).toBe(false);
  });

  it('counts on where the client was, so a session can be lost again and again', () => {
    const recovery = open();
    let deliveries = new Deliveries();
    for (const event of ['a', 'b', 'c']) send(recovery, deliveries, event);
    for (const [received, expected] of [
      [1, 'b c'],
      [2, 'c'],
      [2, 'c'],
      [3, ''],
    ] as const) {
      recovery.lose(SESSION, deliveries, 0);
      const restored = recovery.restore(SESSION.pid, { received }, 0);
      if (restored.refused !== undefined) throw new Error(restored.refused);
      expect(restored.missed.map(({ event }) => event).join(' ')).toBe(expected);
      deliveries = restored.deliveries;
      expect(deliveries.total).toBe(3);
    }
  });

  it('recovers a session that received nothing', () => {
    for (const position of [{ received: 0 }, { offset: undefined }]) {
      const recovery = open();
      const deliveries = new Deliveries();
      recovery.lose(SESSION, deliveries, 0);
      recovery.keep('a', 1, ALL, 0);
      expect(outcome(recovery, position)).toBe('a');
    }
  });

  it('recovers by the offset of the last event, again after that too', () => {
    const recovery = open();
    let deliveries = new Deliveries();
    send(recovery, deliveries, 'a');
    const number = send(recovery, deliveries, 'b');
    send(recovery, deliveries, 'c');
    for (const [event, expected] of [
      ['d', 'c d'],
      ['e', 'c d e'],
    ] as const) {
      recovery.lose(SESSION, deliveries, 0);
      recovery.keep(event, 1, ALL, 0);
      const restored = recovery.restore(SESSION.pid, { offset: formatOffset(number) }, 0);
      if (restored.refused !== undefined) throw new Error(restored.refused);
      expect(restored.missed.map(({ event }) => event).join(' ')).toBe(expected);
      deliveries = restored.deliveries;
    }
  });

  it('knows the offset of an event that the log has let go of, where nothing came behind it', () => {
    const recovery = open();
    const deliveries = new Deliveries();
    const number = send(recovery, deliveries, 'a', 0);
    recovery.lose(SESSION, deliveries, 5000);
    recovery.keep('b', 1, ALL, 5500);
    expect(outcome(recovery, { offset: formatOffset(number) }, 5600)).toBe('b');
  });

  it('does not replay what was counted only, and counts it', () => {
    const recovery = open();
    const deliveries = new Deliveries();
    send(recovery, deliveries, 'a');
    deliveries.pass();
    send(recovery, deliveries, 'b');
    recovery.lose(SESSION, deliveries, 0);
    expect(outcome(recovery, { received: 2 })).toBe('b');
  });

  it('replays what was sent to rooms of the session, and not what was for one socket', () => {
    const recovery = open();
    recovery.lose(SESSION, new Deliveries(), 0);
    const audiences = {
      all: ALL,
      room: { rooms: new Set(['r']) },
      several: { rooms: new Set(['x', 'r']) },
      other: { rooms: new Set(['x']) },
      excepted: { rooms: new Set(['r']), except: new Set(['s']) },
      spared: { rooms: new Set<string>(), except: new Set(['x']) },
      one: null,
    };
    for (const [event, audience] of Object.entries(audiences)) recovery.keep(event, 1, audience, 0);
    expect(outcome(recovery, { received: 0 })).toBe('all room several spared');
  });

  it('believes the offset of a client where it does not know what the session was sent', () => {
    for (const [position, expected] of [
      [{ offset: formatOffset(1) }, 'b c'],
      [{ offset: formatOffset(2) }, 'c'],
      [{ offset: formatOffset(4) }, 'unknown-offset'],
      [{ offset: undefined }, 'b c'],
      [{ received: 1 }, 'unknown-offset'],
    ] as const) {
      const recovery = open();
      recovery.keep('a', 1, ALL, 0);
      recovery.lose(SESSION, null, 0);
      recovery.keep('b', 1, ALL, 0);
      recovery.keep('c', 1, ALL, 0);
      expect(outcome(recovery, position)).toBe(expected);
    }
  });

  it('tells what was sent to rooms from a number on, as far as it is kept', () => {
    const recovery = open();
    for (const event of ['a', 'b', 'c']) recovery.keep(event, 1, { rooms: new Set([event]) }, 0);
    expect(recovery.missedSince(['b', 'c'], 1)).toEqual([
      { number: 2, event: 'b' },
      { number: 3, event: 'c' },
    ]);
    expect(recovery.missedSince(['b', 'c'], recovery.next)).toEqual([]);
  });
});

describe('answers of sessions that are away', () => {
  const answersOf = (bytes: number) => ({
    bytes,
    forgetAll() {
      this.bytes = 0;
    },
  });

  it('are forgotten, of the session that is away the longest first, where all are more than is kept', () => {
    const recovery = open({ maxBytes: 100 });
    const answers = [40, 0, 40, 40].map(answersOf);
    const lose = (i: number): void => {
      recovery.lose({ ...SESSION, pid: `own.${i}`, answers: answers[i]! }, new Deliveries(), 0);
    };
    for (let i = 0; i < 4; i++) lose(i);
    expect(answers.map(({ bytes }) => bytes)).toEqual([0, 0, 40, 40]);
    answers[1]!.bytes = 20;
    recovery.weighAnswers('own.1');
    answers[0]!.bytes = 1000;
    recovery.weighAnswers('own.of nobody');
    expect(answers.map(({ bytes }) => bytes)).toEqual([1000, 20, 40, 40]);
    recovery.weighAnswers('own.0');
    expect(answers.map(({ bytes }) => bytes)).toEqual([0, 0, 0, 0]);
  });

  it('do not count once the session is back, over or ended, or its place was needed', () => {
    const recovery = open({ maxBytes: 100, maxSessions: 2 });
    const lose = (pid: string, atMs = 0) => {
      const answers = answersOf(90);
      recovery.lose({ ...SESSION, pid, answers }, new Deliveries(), atMs);
      return answers;
    };
    lose('own.back');
    expect(recovery.restore('own.back', { received: 0 }, 0)).toMatchObject({ answers: { bytes: 90 } });
    lose('own.refused');
    expect(outcome(recovery, { received: 7 }, 0, 'own.refused')).toBe('unknown-offset');
    lose('own.ended');
    recovery.end('own.ended', 0);
    lose('own.over');
    const last = lose('own.a', 2000);
    expect(last.bytes).toBe(90);
    recovery.lose({ ...SESSION, pid: 'own.b' }, new Deliveries(), 2000);
    recovery.lose({ ...SESSION, pid: 'own.c' }, new Deliveries(), 2000);
    expect(recovery.isAway('own.a', 2000)).toBe(false);
    expect(lose('own.d', 2000).bytes).toBe(90);
  });
});

describe('Recovery refuses', () => {
  it('a session of another process, and one of its own that it does not know', () => {
    const recovery = open();
    expect(outcome(recovery, { received: 0 }, 0, 'other.p')).toBe('restarted');
    expect(outcome(recovery, { received: 0 }, 0, 'own.q')).toBe('expired');
  });

  it('a session whose time is over', () => {
    const recovery = open();
    recovery.lose(SESSION, new Deliveries(), 0);
    expect(outcome(recovery, { received: 0 }, 1000)).toBe('');
    recovery.lose(SESSION, new Deliveries(), 0);
    expect(outcome(recovery, { received: 0 }, 1001)).toBe('expired');
    expect(recovery.isEmpty).toBe(true);
  });

  it('a session whose time is over since its client was lost, also where it was restored and lost in between', () => {
    for (const [atMs, expected] of [
      [1000, 'a'],
      [1001, 'expired'],
    ] as const) {
      const recovery = open();
      recovery.lose(SESSION, new Deliveries(), 0);
      recovery.keep('a', 1, ALL, 400);
      const restored = recovery.restore(SESSION.pid, { received: 0 }, 500);
      if (restored.refused !== undefined) throw new Error(restored.refused);
      recovery.lose({ ...SESSION, pid: 'own.q' }, new Deliveries(), 500);
      recovery.lose(SESSION, restored.deliveries, 500, restored.awaySinceMs);
      expect(recovery.isAway(SESSION.pid, atMs)).toBe(expected === 'a');
      expect(outcome(recovery, { received: 0 }, atMs)).toBe(expected);
    }
  });

  it('a session that was ended on purpose, for as long as it could have been away', () => {
    const recovery = open();
    recovery.lose(SESSION, new Deliveries(), 0);
    recovery.end(SESSION.pid, 0);
    expect(outcome(recovery, { received: 0 }, 1000)).toBe('ended');
    expect(outcome(recovery, { received: 0 }, 1001)).toBe('expired');
  });

  it('a session that is back already', () => {
    const recovery = open();
    recovery.lose(SESSION, new Deliveries(), 0);
    expect(outcome(recovery, { received: 0 })).toBe('');
    expect(outcome(recovery, { received: 0 })).toBe('expired');
  });

  it('what cannot be a number or an offset of this session', () => {
    const hostile: Position[] = [
      ...[-1, 4, 1.5, '1', null, {}, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60].map((received) => ({
        received,
      })),
      ...[
        '',
        'hello',
        5,
        {},
        'hawser:',
        'hawser:0',
        'hawser:-1',
        'hawser:zzzzzzzzzzz',
        'hawser:4',
        'hawser:99',
      ].map((offset) => ({ offset })),
    ];
    for (const position of hostile) {
      const recovery = open();
      const deliveries = new Deliveries();
      for (const event of ['a', 'b', 'c']) send(recovery, deliveries, event);
      recovery.keep('for others', 1, null, 0);
      recovery.lose(SESSION, deliveries, 0);
      expect(outcome(recovery, position)).toBe('unknown-offset');
    }
  });

  it('a client that has less than it is known to have', () => {
    for (const position of [{ received: 1 }, { offset: undefined }]) {
      const recovery = open();
      const deliveries = new Deliveries(2);
      send(recovery, deliveries, 'c');
      recovery.lose(SESSION, deliveries, 0);
      expect(outcome(recovery, position)).toBe('unknown-offset');
    }
  });

  it('a client that missed more bytes than are kept', () => {
    for (const [position, expected] of [
      [{ received: 0 }, 'overflow'],
      [{ offset: undefined }, 'overflow'],
      [{ offset: formatOffset(1) }, 'overflow'],
      [{ received: 2 }, 'c'],
      [{ offset: formatOffset(2) }, 'c'],
    ] as const) {
      const recovery = open({ maxBytes: 250 });
      const deliveries = new Deliveries();
      for (const event of ['a', 'b', 'c']) send(recovery, deliveries, event);
      recovery.lose(SESSION, deliveries, 0);
      expect(outcome(recovery, position)).toBe(expected);
    }
  });

  it('a client that missed more bytes than are kept, which went out before others with lower numbers', () => {
    for (const [position, expected] of [
      [{ received: 0 }, 'overflow'],
      [{ offset: undefined }, 'overflow'],
      [{ received: 1 }, 'overflow'],
      [{ offset: formatOffset(2) }, 'overflow'],
      [{ received: 2 }, 'c'],
      [{ offset: formatOffset(1) }, 'c'],
    ] as const) {
      const recovery = open({ maxBytes: 390 });
      const deliveries = new Deliveries();
      const [first, second] = ['a', 'b'].map((event) => recovery.keep(event, 1, ALL, 0));
      deliveries.add(second!, recovery.floor);
      deliveries.add(first!, recovery.floor);
      recovery.lose(SESSION, deliveries, 0);
      recovery.keep('c', 1, ALL, 0);
      recovery.keep('for another', 1, null, 0);
      expect(outcome(recovery, position)).toBe(expected);
    }
  });

  it('a client that was away while more bytes were sent than are kept', () => {
    const recovery = open({ maxBytes: 250 });
    recovery.lose(SESSION, new Deliveries(), 0);
    recovery.keep('a', 1, ALL, 0);
    recovery.keep('b', 1, ALL, 0);
    expect(outcome(recovery, { received: 0 })).toBe('overflow');
  });

  it('a client that missed more bytes than may wait for it', () => {
    for (const [roomBytes, expected] of [
      [337, 'overflow'],
      [338, undefined],
    ] as const) {
      const recovery = open();
      const deliveries = new Deliveries();
      for (const event of ['a', 'bb']) send(recovery, deliveries, event);
      recovery.lose(SESSION, deliveries, 0);
      recovery.keep('cccccccccccccccc', 16, ALL, 0);
      const { refused } = recovery.restore(SESSION.pid, { received: 1 }, 0, roomBytes);
      expect(refused).toBe(expected);
    }
    const recovery = open();
    recovery.lose(SESSION, new Deliveries(), 0);
    expect(recovery.restore(SESSION.pid, { received: 0 }, 0, 0).refused).toBe(undefined);
  });

  it('a client that missed an event that is over the bound alone', () => {
    const recovery = open({ maxBytes: 1000 });
    const deliveries = new Deliveries();
    send(recovery, deliveries, 'x'.repeat(1000));
    recovery.lose(SESSION, deliveries, 0);
    expect(recovery.bytes).toBe(0);
    expect(outcome(recovery, { received: 0 })).toBe('overflow');
  });

  it('a client that missed what is too old, its loss having been seen late', () => {
    const recovery = open();
    const deliveries = new Deliveries();
    send(recovery, deliveries, 'a', 0);
    recovery.lose(SESSION, deliveries, 1000);
    expect(outcome(recovery, { received: 0 }, 1101)).toBe('expired');
  });
});

describe('Recovery keeps', () => {
  it('no more bytes, and no more events, than its bound', () => {
    const recovery = open({ maxBytes: 10_000 });
    for (let i = 0; i < 5000; i++) {
      recovery.keep('x', i % 50, ALL, 0);
      expect(recovery.bytes).toBeLessThanOrEqual(10_000);
    }
    for (let i = 0; i < 5000; i++) recovery.keep('', 0, ALL, 0);
    expect(recovery.bytes).toBeGreaterThan(9_000);
  });

  it('no event longer than a session may be away and its loss may go unseen', () => {
    const recovery = open();
    recovery.keep('a', 1, ALL, 0);
    recovery.expire(1100);
    expect(recovery.isEmpty).toBe(false);
    recovery.expire(1101);
    expect(recovery.isEmpty).toBe(true);
    expect(recovery.bytes).toBe(0);
  });

  it('no more sessions than its bound: the one that is away the longest goes', () => {
    const recovery = open({ maxSessions: 2 });
    for (const name of ['1', '2', '3']) {
      recovery.lose({ ...SESSION, pid: `own.${name}` }, new Deliveries(), 0);
      recovery.end(`own.ended.${name}`, 0);
    }
    expect(['own.1', 'own.2', 'own.3'].map((pid) => outcome(recovery, { received: 0 }, 0, pid))).toEqual([
      'expired',
      '',
      '',
    ]);
    const ended = ['1', '2', '3'].map((name) => outcome(recovery, { received: 0 }, 0, `own.ended.${name}`));
    expect(ended).toEqual(['expired', 'ended', 'ended']);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Version } from '../../src/engineio/codec.ts';
import {
  createHeartbeat,
  type Heartbeat,
  type HeartbeatHandler,
  type Role,
} from '../../src/engineio/heartbeat.ts';
import type { Packet } from '../../src/engineio/packet.ts';
import { bytes } from '../websocket/frame-notation.ts';

const NEVER = Number.POSITIVE_INFINITY;
const AT_ONCE = Number.NEGATIVE_INFINITY;

const PING: Packet = { type: 'ping', data: '' };
const PONG: Packet = { type: 'pong', data: '' };
const MESSAGE: Packet = { type: 'message', data: 'hello' };

/** The ends that ping, and those that are pinged. */
const SENDERS = [
  ['server', 4],
  ['client', 3],
] as const;
const WATCHERS = [
  ['client', 4],
  ['server', 3],
] as const;

interface Session {
  readonly heartbeat: Heartbeat;
  readonly trace: string[];
  /** Calls `tick` at each of these times. */
  tickAt(...times: number[]): void;
}

function open(
  role: Role,
  version: Version,
  pingIntervalMs = 25_000,
  pingTimeoutMs = 20_000,
  hasDoubts = false,
  pingAheadMs = 0,
): Session {
  const trace: string[] = [];
  const handler: HeartbeatHandler = {
    sendHeartbeat: (type, data) => trace.push(`${type} ${data}`.trimEnd()),
    onSilence: () => trace.push('silence'),
  };
  if (hasDoubts) handler.onDoubt = () => trace.push('doubt');
  const heartbeat = createHeartbeat(role, version, { pingIntervalMs, pingTimeoutMs, pingAheadMs }, handler);
  const tickAt = (...times: number[]) => {
    for (const time of times) heartbeat.tick(time);
  };
  return { heartbeat, trace, tickAt };
}

/** One whose clock may be told 24 ms late. */
function openAhead(role: Role, version: Version): Session {
  return open(role, version, 300, 200, false, 24);
}

describe.each(SENDERS)('heartbeat of the %s in version %i, which pings', (role, version) => {
  it(`${role} wants its first tick at once and pings after the interval`, () => {
    const { heartbeat, trace, tickAt } = open(role, version);
    expect(heartbeat.nextDeadline()).toBe(AT_ONCE);
    tickAt(7);
    expect(heartbeat.nextDeadline()).toBe(25_007);
    tickAt(25_006);
    expect(trace).toEqual([]);
    tickAt(25_007);
    expect(trace).toEqual(['ping']);
    expect(heartbeat.nextDeadline()).toBe(45_007);
  });

  it(`${role} gives up a peer that is silent for the timeout`, () => {
    const { heartbeat, trace, tickAt } = open(role, version);
    tickAt(0, 25_000, 44_999);
    expect(trace).toEqual(['ping']);
    tickAt(45_000);
    expect(trace).toEqual(['ping', 'silence']);
    expect(heartbeat.nextDeadline()).toBe(NEVER);
    tickAt(1e9);
    expect(trace).toEqual(['ping', 'silence']);
  });

  it.each([PONG, MESSAGE, { type: 'message', data: bytes('ff') } as const])(
    `${role} takes %j for life`,
    (packet) => {
      const { heartbeat, trace, tickAt } = open(role, version);
      tickAt(0, 25_000);
      expect(heartbeat.receivePacket(packet, 25_100)).toBeNull();
      expect(heartbeat.nextDeadline()).toBe(50_000);
      tickAt(45_000, 50_000);
      expect(trace).toEqual(['ping', 'ping']);
    },
  );

  it(`${role} pings at every interval, however much traffic there is`, () => {
    const { heartbeat, trace, tickAt } = open(role, version);
    for (let nowMs = 0; nowMs <= 100_000; nowMs += 1000) {
      heartbeat.receivePacket(MESSAGE, nowMs);
      tickAt(nowMs);
    }
    expect(trace).toEqual(['ping', 'ping', 'ping', 'ping']);
  });

  it(`${role} gives up in time when the timeout is longer than the interval`, () => {
    const { trace, tickAt } = open(role, version, 100, 250);
    tickAt(0, 100, 200, 300, 349);
    expect(trace).toEqual(['ping', 'ping', 'ping']);
    tickAt(350);
    expect(trace).toEqual(['ping', 'ping', 'ping', 'silence']);
  });

  it(`${role} that pings ahead of time counts the answer from when the ping was due`, () => {
    const { heartbeat, trace, tickAt } = openAhead(role, version);
    tickAt(0, 275);
    expect(trace).toEqual([]);
    tickAt(282);
    expect(trace).toEqual(['ping']);
    expect(heartbeat.silenceAtMs()).toBe(500);
    tickAt(499);
    expect(trace).toEqual(['ping']);
    tickAt(500);
    expect(trace).toEqual(['ping', 'silence']);
    expect(heartbeat.silenceAtMs()).toBe(NEVER);
  });

  it(`${role} whose ping went out late gives all of the timeout`, () => {
    const { heartbeat, tickAt } = openAhead(role, version);
    tickAt(0, 900);
    expect(heartbeat.silenceAtMs()).toBe(1100);
  });

  it(`${role} that pings ahead of time gives up after a peer that counts from a ping that it answered`, () => {
    const { heartbeat, trace, tickAt } = openAhead(role, version);
    tickAt(0, 276);
    heartbeat.receivePacket(PONG, 276);
    expect(heartbeat.silenceAtMs()).toBe(NEVER);
    tickAt(563);
    expect(trace).toEqual(['ping']);
    tickAt(564);
    expect(trace).toEqual(['ping', 'ping']);
    expect(heartbeat.silenceAtMs()).toBe(788);
  });

  it(`${role} gives up after a peer that a slow network keeps waiting`, () => {
    const { heartbeat, tickAt } = openAhead(role, version);
    tickAt(0, 276);
    // Heard at 376: the peer gives up at 376 + 300 + 200.
    heartbeat.receivePacket(PONG, 476 - 12);
    tickAt(564);
    expect(heartbeat.silenceAtMs()).toBe(976);
  });

  it(`${role} does not wait longer for who speaks and does not answer`, () => {
    const { heartbeat, tickAt } = openAhead(role, version);
    tickAt(0, 276);
    heartbeat.receivePacket(PONG, 276);
    heartbeat.receivePacket(MESSAGE, 500);
    tickAt(564);
    expect(heartbeat.silenceAtMs()).toBe(788);
  });

  it(`${role} refuses a ping, which is its own to send`, () => {
    const { heartbeat, trace } = open(role, version);
    expect(heartbeat.receivePacket(PING, 0)).toBe('EIO_ERR_HEARTBEAT_DIRECTION');
    expect(trace).toEqual([]);
  });

  it(`${role} doubts once when half of the timeout has passed in silence`, () => {
    const { heartbeat, trace, tickAt } = open(role, version, 25_000, 20_000, true);
    tickAt(0, 25_000);
    expect(heartbeat.nextDeadline()).toBe(35_000);
    tickAt(34_999, 35_000, 35_001);
    expect(trace).toEqual(['ping', 'doubt']);
    expect(heartbeat.nextDeadline()).toBe(45_000);
    heartbeat.markAlive(36_000);
    tickAt(45_000, 50_000, 60_000, 70_000);
    expect(trace).toEqual(['ping', 'doubt', 'ping', 'doubt', 'silence']);
  });

  it(`${role} whose tick is late listens for another second before it gives up`, () => {
    const { heartbeat, trace, tickAt } = open(role, version);
    tickAt(0, 25_000, 60_000);
    expect(trace).toEqual(['ping', 'ping']);
    expect(heartbeat.nextDeadline()).toBe(61_000);
    heartbeat.receivePacket(PONG, 60_001);
    tickAt(61_000);
    expect(trace).toEqual(['ping', 'ping']);
  });

  it(`${role} whose ticks are all late gives up at the second`, () => {
    const { trace, tickAt } = open(role, version);
    tickAt(0, 25_000, 100_000, 200_000);
    expect(trace).toEqual(['ping', 'ping', 'silence']);
  });
});

describe.each(WATCHERS)('heartbeat of the %s in version %i, which is pinged', (role, version) => {
  it(`${role} doubts once when half of a timeout is left of the silence`, () => {
    const { heartbeat, trace, tickAt } = open(role, version, 25_000, 20_000, true);
    tickAt(0);
    expect(heartbeat.nextDeadline()).toBe(35_000);
    tickAt(34_999, 35_000, 35_001);
    expect(trace).toEqual(['doubt']);
    expect(heartbeat.nextDeadline()).toBe(45_000);
    expect(heartbeat.silenceAtMs()).toBe(45_000);
    heartbeat.markAlive(36_000);
    expect(heartbeat.silenceAtMs()).toBe(81_000);
    tickAt(70_999, 71_000, 81_000);
    expect(trace).toEqual(['doubt', 'doubt', 'silence']);
    expect(heartbeat.silenceAtMs()).toBe(NEVER);
  });

  it(`${role} answers a ping with its data`, () => {
    const { heartbeat, trace } = open(role, version);
    expect(heartbeat.receivePacket(PING, 0)).toBeNull();
    expect(heartbeat.receivePacket({ type: 'ping', data: 'probe' }, 1)).toBeNull();
    expect(trace).toEqual(['pong', 'pong probe']);
  });

  it(`${role} gives up after an interval and a timeout of silence`, () => {
    const { heartbeat, trace, tickAt } = open(role, version);
    expect(heartbeat.nextDeadline()).toBe(AT_ONCE);
    tickAt(7);
    expect(heartbeat.nextDeadline()).toBe(45_007);
    tickAt(45_006);
    expect(trace).toEqual([]);
    tickAt(45_007);
    expect(trace).toEqual(['silence']);
    expect(heartbeat.nextDeadline()).toBe(NEVER);
    heartbeat.markAlive(45_008);
    tickAt(1e9);
    expect(trace).toEqual(['silence']);
  });

  it.each([PING, MESSAGE])(`${role} takes %j for life`, (packet) => {
    const { heartbeat, trace, tickAt } = open(role, version);
    tickAt(0);
    heartbeat.receivePacket(packet, 30_000);
    expect(heartbeat.nextDeadline()).toBe(75_000);
    tickAt(45_000, 74_999);
    expect(trace).not.toContain('silence');
    tickAt(75_000);
    expect(trace).toContain('silence');
  });

  it(`${role} takes a part of a packet for life, also before its first tick`, () => {
    const { heartbeat, tickAt } = open(role, version);
    heartbeat.markAlive(10);
    expect(heartbeat.nextDeadline()).toBe(45_010);
    tickAt(20);
    expect(heartbeat.nextDeadline()).toBe(45_010);
  });

  it(`${role} refuses a pong, which is its own to send`, () => {
    const { heartbeat } = open(role, version);
    expect(heartbeat.receivePacket(PONG, 0)).toBe('EIO_ERR_HEARTBEAT_DIRECTION');
  });

  it(`${role} with throttled timers does not give up a peer that it hears`, () => {
    const { heartbeat, trace, tickAt } = open(role, version);
    tickAt(0);
    for (let minute = 1; minute < 10; minute++) {
      for (const second of [0, 25, 50])
        heartbeat.receivePacket(PING, minute * 60_000 - 60_000 + second * 1000);
      tickAt(minute * 60_000);
    }
    expect(trace).not.toContain('silence');
  });

  it(`${role} whose tick comes late listens for another second before it gives up`, () => {
    const { heartbeat, trace, tickAt } = open(role, version);
    tickAt(0, 3_600_000);
    expect(trace).toEqual([]);
    expect(heartbeat.nextDeadline()).toBe(3_601_000);
    heartbeat.receivePacket(PING, 3_600_500);
    tickAt(3_601_000);
    expect(trace).toEqual(['pong']);
    tickAt(3_700_000, 3_800_000);
    expect(trace).toEqual(['pong', 'silence']);
  });
});

describe('heartbeat of both ends', () => {
  it.each([3, 4] as const)(
    'both ends of version %i hold while the link does, and give up when it is cut',
    (version) => {
      fc.assert(
        fc.property(
          fc.integer({ min: 10, max: 1000 }),
          fc.integer({ min: 10, max: 1000 }),
          fc.integer({ min: 0, max: 20_000 }),
          (interval, timeout, cutMs) => {
            const ends: Record<Role, Heartbeat> = Object.create(null);
            const silentAt: Record<string, number> = {};
            let nowMs = 0;
            for (const [role, other] of [
              ['server', 'client'],
              ['client', 'server'],
            ] as const) {
              ends[role] = createHeartbeat(
                role,
                version,
                { pingIntervalMs: interval, pingTimeoutMs: timeout },
                {
                  sendHeartbeat: (type, data) => {
                    if (nowMs < cutMs) ends[other].receivePacket({ type, data }, nowMs);
                  },
                  onSilence: () => (silentAt[role] = nowMs),
                },
              );
            }
            for (; nowMs < 30_000 && Object.keys(silentAt).length < 2; nowMs += 5) {
              for (const end of Object.values(ends)) if (end.nextDeadline() <= nowMs) end.tick(nowMs);
            }
            const times = Object.values(silentAt);
            expect(times.length).toBe(2);
            for (const time of times) {
              expect(time).toBeGreaterThanOrEqual(cutMs);
              expect(time).toBeLessThanOrEqual(cutMs + 2 * interval + timeout + 10);
            }
          },
        ),
        { numRuns: 60 },
      );
    },
  );
});

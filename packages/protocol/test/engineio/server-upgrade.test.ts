import { describe, expect, it } from 'vitest';
import type { Packet } from '../../src/engineio/packet.ts';
import { ServerUpgrade } from '../../src/engineio/server-upgrade.ts';

const PING_PROBE: Packet = { type: 'ping', data: 'probe' };
const UPGRADE: Packet = { type: 'upgrade', data: '' };

function begin(timeoutMs = 1000) {
  const trace: string[] = [];
  const upgrade = new ServerUpgrade(
    {
      sendProbe: (type, data) => trace.push(`send ${type} ${data}`.trimEnd()),
      onUpgrading: () => trace.push('upgrading'),
      flushPolling: () => trace.push('flush'),
      onUpgraded: () => trace.push('upgraded'),
      onUpgradeFailed: (reason) => trace.push(`failed: ${reason}`),
    },
    timeoutMs,
  );
  return { upgrade, trace };
}

describe('Engine.IO upgrade, the server', () => {
  it('server answers the probe, flushes polling, and moves', () => {
    const { upgrade, trace } = begin();
    upgrade.receivePacket(PING_PROBE);
    expect(trace).toEqual(['send pong probe', 'upgrading', 'flush']);
    upgrade.receivePacket(UPGRADE);
    expect(trace.slice(3)).toEqual(['upgraded']);
    expect(upgrade.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  it('server flushes polling every 100 ms until the client moves', () => {
    const { upgrade, trace } = begin();
    upgrade.tick(0);
    expect(upgrade.nextDeadline()).toBe(1000);
    upgrade.receivePacket(PING_PROBE);
    trace.length = 0;
    expect(upgrade.nextDeadline()).toBe(Number.NEGATIVE_INFINITY);
    upgrade.tick(10);
    expect(upgrade.nextDeadline()).toBe(110);
    for (const nowMs of [109, 110, 209, 210]) upgrade.tick(nowMs);
    expect(trace).toEqual(['flush', 'flush']);
    upgrade.receivePacket(UPGRADE);
    upgrade.tick(310);
    expect(trace).toEqual(['flush', 'flush', 'upgraded']);
  });

  it('server flushes the poll that comes behind the probe at once, and no other', () => {
    const { upgrade, trace } = begin();
    upgrade.pollWaits();
    upgrade.receivePacket(PING_PROBE);
    trace.length = 0;
    upgrade.tick(0);
    for (let poll = 0; poll < 3; poll++) upgrade.pollWaits();
    expect(trace).toEqual(['flush']);
    for (const nowMs of [10, 109, 110]) upgrade.tick(nowMs);
    expect(trace).toEqual(['flush', 'flush']);
    upgrade.receivePacket(UPGRADE);
    upgrade.pollWaits();
    expect(trace).toEqual(['flush', 'flush', 'upgraded']);
  });

  it('server answers each probe, and says only once that it is upgrading', () => {
    const { upgrade, trace } = begin();
    upgrade.receivePacket(PING_PROBE);
    upgrade.receivePacket(PING_PROBE);
    expect(trace).toEqual(['send pong probe', 'upgrading', 'flush', 'send pong probe']);
  });

  it('server lets a client move that did not probe', () => {
    const { upgrade, trace } = begin();
    upgrade.receivePacket(UPGRADE);
    expect(trace).toEqual(['upgraded']);
  });

  it.each([
    { type: 'ping', data: '' },
    { type: 'pong', data: 'probe' },
    { type: 'message', data: 'early' },
    { type: 'close', data: '' },
  ] as const)('server fails at %j, before the probe and after', (packet) => {
    const before = begin();
    before.upgrade.receivePacket(packet);
    expect(before.trace).toEqual(['failed: unexpected packet']);
    const after = begin();
    after.upgrade.receivePacket(PING_PROBE);
    after.upgrade.receivePacket(packet);
    after.upgrade.receivePacket(UPGRADE);
    expect(after.trace.slice(3)).toEqual(['failed: unexpected packet']);
  });

  it('server fails when the new transport ends, unless the session has moved', () => {
    const { upgrade, trace } = begin();
    upgrade.transportClosed();
    expect(trace).toEqual(['failed: closed']);
    const moved = begin();
    moved.upgrade.receivePacket(UPGRADE);
    moved.upgrade.transportClosed();
    expect(moved.trace).toEqual(['upgraded']);
  });

  it.each([false, true])('server fails when time is up (probed: %s)', (isProbed) => {
    const { upgrade, trace } = begin();
    expect(upgrade.nextDeadline()).toBe(Number.NEGATIVE_INFINITY);
    upgrade.tick(10);
    if (isProbed) upgrade.receivePacket(PING_PROBE);
    upgrade.tick(1009);
    expect(trace).not.toContain('failed: timeout');
    upgrade.tick(1010);
    expect(trace.at(-1)).toBe('failed: timeout');
  });

  it('server says nothing once abandoned', () => {
    const { upgrade, trace } = begin();
    upgrade.abandon();
    upgrade.receivePacket(PING_PROBE);
    upgrade.transportClosed();
    upgrade.tick(0);
    upgrade.tick(1e9);
    expect(trace).toEqual([]);
    expect(upgrade.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });
});

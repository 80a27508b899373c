import { describe, expect, it } from 'vitest';
import { ClientUpgrade } from '../../src/engineio/client-upgrade.ts';
import type { Packet } from '../../src/engineio/packet.ts';

const PONG_PROBE: Packet = { type: 'pong', data: 'probe' };

function begin(timeoutMs = 1000) {
  const trace: string[] = [];
  const upgrade = new ClientUpgrade(
    {
      sendProbe: (type, data) => trace.push(`send ${type} ${data}`.trimEnd()),
      pausePolling: () => trace.push('pause'),
      resumePolling: () => trace.push('resume'),
      onUpgraded: () => trace.push('upgraded'),
      onUpgradeFailed: (reason) => trace.push(`failed: ${reason}`),
    },
    timeoutMs,
  );
  return { upgrade, trace };
}

type State = 'opening' | 'probing' | 'pausing' | 'done';

/** Brings an upgrade into a state, and forgets how. */
function beginIn(state: State) {
  const session = begin();
  const { upgrade, trace } = session;
  if (state !== 'opening') upgrade.open();
  if (state === 'pausing' || state === 'done') upgrade.receivePacket(PONG_PROBE);
  if (state === 'done') upgrade.pollingPaused();
  trace.length = 0;
  return session;
}

describe('Engine.IO upgrade, the client', () => {
  it('client probes, pauses polling, and moves', () => {
    const { upgrade, trace } = begin();
    upgrade.open();
    expect(trace).toEqual(['send ping probe']);
    upgrade.receivePacket(PONG_PROBE);
    expect(trace.slice(1)).toEqual(['pause']);
    upgrade.pollingPaused();
    expect(trace.slice(2)).toEqual(['send upgrade', 'upgraded']);
    expect(upgrade.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  it('client whose new transport ends within the send of the upgrade goes on with polling', () => {
    const trace: string[] = [];
    const upgrade = new ClientUpgrade(
      {
        sendProbe: (type) => {
          trace.push(`send ${type}`);
          if (type === 'upgrade') upgrade.transportClosed();
        },
        pausePolling: () => trace.push('pause'),
        resumePolling: () => trace.push('resume'),
        onUpgraded: () => trace.push('upgraded'),
        onUpgradeFailed: (reason) => trace.push(`failed: ${reason}`),
      },
      1000,
    );
    upgrade.open();
    upgrade.receivePacket(PONG_PROBE);
    upgrade.pollingPaused();
    expect(trace).toEqual(['send ping', 'pause', 'send upgrade', 'failed: closed', 'resume']);
  });

  it.each([
    ['opening', ['failed: closed']],
    ['probing', ['failed: closed']],
    ['pausing', ['failed: closed', 'resume']],
    ['done', []],
  ] as const)('client that is %s and whose new transport ends does %j', (state, calls) => {
    const { upgrade, trace } = beginIn(state);
    upgrade.transportClosed();
    expect(trace).toEqual(calls);
    upgrade.transportClosed();
    upgrade.open();
    upgrade.receivePacket(PONG_PROBE);
    upgrade.pollingPaused();
    expect(trace).toEqual(calls);
  });

  it.each([
    ['opening', PONG_PROBE],
    ['probing', { type: 'pong', data: '' }],
    ['probing', { type: 'ping', data: 'probe' }],
    ['probing', { type: 'message', data: 'probe' }],
    ['pausing', PONG_PROBE],
    ['pausing', { type: 'message', data: 'early' }],
  ] as const)('client that is %s fails at %j', (state, packet) => {
    const { upgrade, trace } = beginIn(state);
    upgrade.receivePacket(packet);
    expect(trace[0]).toBe('failed: unexpected packet');
  });

  it.each([
    ['opening', ['failed: timeout']],
    ['probing', ['failed: timeout']],
    ['pausing', ['failed: timeout', 'resume']],
    ['done', []],
  ] as const)('client that is %s when time is up does %j', (state, calls) => {
    const { upgrade, trace } = beginIn(state);
    upgrade.tick(10);
    upgrade.tick(1009);
    expect(trace).toEqual([]);
    upgrade.tick(1010);
    expect(trace).toEqual(calls);
  });

  it('client counts from the first tick', () => {
    const { upgrade } = begin(500);
    expect(upgrade.nextDeadline()).toBe(Number.NEGATIVE_INFINITY);
    upgrade.tick(7);
    expect(upgrade.nextDeadline()).toBe(507);
  });

  it.each(['opening', 'probing', 'pausing'] as const)(
    'client that is %s says nothing once abandoned',
    (state) => {
      const { upgrade, trace } = beginIn(state);
      upgrade.abandon();
      upgrade.open();
      upgrade.receivePacket(PONG_PROBE);
      upgrade.pollingPaused();
      upgrade.transportClosed();
      upgrade.tick(0);
      upgrade.tick(1e9);
      expect(trace).toEqual([]);
    },
  );

  it.each(['opening', 'probing'] as const)('client that is %s did not ask for a pause', (state) => {
    const { upgrade, trace } = beginIn(state);
    upgrade.pollingPaused();
    expect(trace).toEqual([]);
  });
});

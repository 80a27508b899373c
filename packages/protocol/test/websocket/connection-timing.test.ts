import { describe, expect, it } from 'vitest';
import { bytes } from './frame-notation.ts';
import { openSession } from './recorder.ts';

const NEVER = Number.POSITIVE_INFINITY;
const AT_ONCE = Number.NEGATIVE_INFINITY;

describe('closing deadline', () => {
  const options = { closeTimeoutMs: 1000 };

  it('server without a heartbeat has no deadline while open', () => {
    const { connection, trace } = openSession('server', options);
    expect(connection.nextDeadline()).toBe(NEVER);
    connection.tick(1e9);
    expect(trace).toEqual([]);
  });

  it('server counts from the first tick after its close frame', () => {
    const { connection } = openSession('server', options);
    connection.tick(5);
    connection.close(1000);
    expect(connection.nextDeadline()).toBe(AT_ONCE);
    connection.tick(10);
    expect(connection.nextDeadline()).toBe(1010);
  });

  it('server gives up a peer that lets the deadline pass', () => {
    const { connection, trace, status } = openSession('server', options);
    connection.close(1000);
    connection.tick(10);
    connection.tick(1009);
    expect(trace).toEqual(['closing']);
    connection.tick(1010);
    expect(trace).toEqual(['closing', 'timeout']);
    expect(status()).toBe('1006 ""');
  });

  it('server counts anew for the end of the transport', () => {
    const { connection, trace, status } = openSession('server', options);
    connection.close(1000);
    connection.tick(0);
    connection.receive(bytes('8882 00000000 03e8'));
    expect(connection.nextDeadline()).toBe(AT_ONCE);
    connection.tick(900);
    connection.tick(1899);
    expect(trace).toEqual(['closing', 'finished']);
    connection.tick(1900);
    expect(trace).toEqual(['closing', 'finished', 'timeout']);
    expect(status()).toBe('1000 "" clean');
  });

  it('client gives up a server that does not end the transport', () => {
    const { connection, trace, status } = openSession('client', options);
    connection.receive(bytes('8802 03e8'));
    connection.tick(0);
    connection.tick(1000);
    expect(trace).toEqual(['closing', 'timeout']);
    expect(status()).toBe('1000 "" clean');
  });

  it('server that fails keeps its code when the transport does not end', () => {
    const { connection, trace, status } = openSession('server', options);
    connection.fail(1008, 'slow consumer');
    connection.tick(0);
    connection.tick(1000);
    expect(trace).toEqual(['closing', 'finished', 'timeout']);
    expect(status()).toBe('1008 "slow consumer"');
  });
});

describe('heartbeat', () => {
  const options = { pingIntervalMs: 100, pingTimeoutMs: 50, closeTimeoutMs: 1000 };

  it('server wants its first tick at once and the next after the interval', () => {
    const { connection } = openSession('server', options);
    expect(connection.nextDeadline()).toBe(AT_ONCE);
    connection.tick(7);
    expect(connection.nextDeadline()).toBe(107);
  });

  it('server pings a peer that was silent for the interval', () => {
    const { connection, sent } = openSession('server', options);
    connection.tick(0);
    connection.tick(99);
    expect(sent()).toEqual([]);
    connection.tick(100);
    expect(sent()).toEqual(['ping']);
    expect(connection.nextDeadline()).toBe(150);
  });

  it('client pings too', () => {
    const { connection, sent } = openSession('client', options);
    connection.tick(0);
    connection.tick(100);
    expect(sent()).toEqual(['ping']);
  });

  it('server gives up a peer that leaves its ping unanswered', () => {
    const { connection, trace, sent, status } = openSession('server', options);
    for (const nowMs of [0, 100, 149]) connection.tick(nowMs);
    expect(trace).toEqual([]);
    connection.tick(150);
    expect(trace).toEqual(['closing', 'timeout']);
    expect(status()).toBe('1006 "no answer to a ping"');
    expect(sent()).toEqual(['ping']);
  });

  it.each([
    ['a pong', '8a80 00000000'],
    ['a message', '8181 00000000 61'],
    ['part of a frame', '81'],
  ])('server takes %s for life', (_, chunk) => {
    const { connection, trace } = openSession('server', options);
    connection.tick(0);
    connection.tick(100);
    connection.receive(bytes(chunk));
    connection.tick(150);
    expect(connection.nextDeadline()).toBe(250);
    expect(trace).not.toContain('timeout');
  });

  it('server takes what could be written for life', () => {
    const { connection, sent } = openSession('server', options);
    connection.tick(0);
    connection.markAlive();
    connection.tick(100);
    expect(sent()).toEqual([]);
    expect(connection.nextDeadline()).toBe(200);
  });

  it('server pings again in the next silence', () => {
    const { connection, sent } = openSession('server', options);
    for (const nowMs of [0, 100]) connection.tick(nowMs);
    connection.receive(bytes('8a80 00000000'));
    for (const nowMs of [150, 250]) connection.tick(nowMs);
    expect(sent()).toEqual(['ping', 'ping']);
  });

  it('server that closes pings no more and counts its closing deadline', () => {
    const { connection, sent } = openSession('server', options);
    connection.tick(0);
    connection.close(1000);
    for (const nowMs of [100, 200]) connection.tick(nowMs);
    expect(sent()).toEqual(['close 1000']);
    expect(connection.nextDeadline()).toBe(1100);
  });
});

describe('heartbeat with a timeout longer than its interval', () => {
  const options = { pingIntervalMs: 100, pingTimeoutMs: 1000 };

  it('server looks for an answer once an interval, and pings once', () => {
    const { connection, trace, sentHex } = openSession('server', options);
    connection.tick(0);
    connection.tick(100);
    expect(sentHex()).toBe('8900');
    expect(connection.nextDeadline()).toBe(200);
    connection.tick(200);
    expect(connection.nextDeadline()).toBe(300);
    connection.receive(bytes('8a80 00000000'));
    connection.tick(300);
    expect(connection.nextDeadline()).toBe(400);
    connection.tick(400);
    expect(sentHex()).toBe('8900');
    expect(trace).toEqual(['pong']);
  });

  it('server gives up when the timeout has passed, not before', () => {
    const { connection, trace } = openSession('server', options);
    for (const nowMs of [0, 100, 1099]) connection.tick(nowMs);
    expect(trace).toEqual([]);
    expect(connection.nextDeadline()).toBe(1100);
    connection.tick(1100);
    expect(trace).toEqual(['closing', 'timeout']);
  });
});

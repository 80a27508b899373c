import type { Version } from './codec.ts';
import type { ViolationCode } from './errors.ts';
import type { Packet } from './packet.ts';
import { PingSender } from './ping-sender.ts';
import { PingWatcher } from './ping-watcher.ts';

/** Which end of a session a machine plays. */
export type Role = 'server' | 'client';

/** The agreement that the handshake brings. */
export interface HeartbeatTiming {
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  /**
   * How much earlier a ping goes out where `tick` may be called late. The answer is due as if it had not.
   * After the first ping it is half of that.
   */
  readonly pingAheadMs?: number;
}

/** What a heartbeat calls. */
export interface HeartbeatHandler {
  sendHeartbeat(type: 'ping' | 'pong', data: string | Uint8Array): void;
  /** The other end is gone, or has to be taken for it. The machine has stopped. */
  onSilence(): void;
  /**
   * Half of the time for an answer has passed in silence. Whoever has another way to ask than a packet asks now, and
   * reports the answer by `markAlive`: a page whose timers are throttled answers packets late, its browser does not.
   */
  onDoubt?(): void;
}

/** Keeps an open session alive, and finds out when the other end is gone. Any traffic proves life. */
export interface Heartbeat {
  /**
   * Takes in a packet.
   * @param nowMs - a time of the clock that `tick` uses; may be a little old
   * @returns the rule that the packet breaks, or `null`
   */
  receivePacket(packet: Packet, nowMs: number): ViolationCode | null;
  /** Takes in another sign of life: a part of a packet, a poll. */
  markAlive(nowMs: number): void;
  /** Takes in that time passed. The first call begins the session. */
  tick(nowMs: number): void;
  /**
   * Returns when `tick` has to be called next: a time of its clock, `-Infinity` for at once, `Infinity` for never.
   * A sign of life never brings it nearer, so a timer may as well be set anew only after a tick.
   */
  nextDeadline(): number;
  /** Returns when the other end has to be taken for gone, unless it is heard before; `Infinity` where nothing is awaited. */
  silenceAtMs(): number;
}

/** Returns the heartbeat of one end of a session: in version 4 the server pings, in version 3 the client. */
export function createHeartbeat(
  role: Role,
  version: Version,
  timing: HeartbeatTiming,
  handler: HeartbeatHandler,
): Heartbeat {
  const isSender = (role === 'server') === (version === 4);
  return isSender ? new PingSender(timing, handler) : new PingWatcher(timing, handler);
}

import type { ViolationCode } from './errors.ts';
import type { Heartbeat, HeartbeatHandler, HeartbeatTiming } from './heartbeat.ts';
import type { Packet } from './packet.ts';
import { SilenceDeadline } from './silence-deadline.ts';

const NEVER = Number.POSITIVE_INFINITY;
const AT_NEXT_TICK = Number.NEGATIVE_INFINITY;

/**
 * The end that pings.
 *
 * | state    | event                | next     | calls                                       |
 * | -------- | -------------------- | -------- | ------------------------------------------- |
 * | resting  | interval passed      | awaiting | `sendHeartbeat('ping')`                     |
 * | awaiting | interval passed      | awaiting | `sendHeartbeat('ping')`                     |
 * | awaiting | any traffic          | resting  |                                             |
 * | awaiting | half of the timeout  | awaiting | `onDoubt`, once                             |
 * | awaiting | timeout passed       | stopped  | `onSilence`                                 |
 *
 * It pings at every interval, also when there was traffic: the other end may count nothing but pings.
 */
export class PingSender implements Heartbeat {
  readonly #timing: HeartbeatTiming;
  readonly #handler: HeartbeatHandler;
  readonly #silence = new SilenceDeadline();
  #nextPingMs = AT_NEXT_TICK;
  #answeredMs = 0;

  constructor(timing: HeartbeatTiming, handler: HeartbeatHandler) {
    this.#timing = timing;
    this.#handler = handler;
  }

  receivePacket(packet: Packet, nowMs: number): ViolationCode | null {
    this.markAlive();
    if (packet.type === 'pong') this.#answeredMs = nowMs;
    return packet.type === 'ping' ? 'EIO_ERR_HEARTBEAT_DIRECTION' : null;
  }

  markAlive(): void {
    this.#silence.set(NEVER);
  }

  tick(nowMs: number): void {
    const { pingIntervalMs, pingTimeoutMs, pingAheadMs = 0 } = this.#timing;
    if (this.#nextPingMs === AT_NEXT_TICK) {
      this.#nextPingMs = nowMs + pingIntervalMs - pingAheadMs;
      this.#answeredMs = nowMs - pingAheadMs;
    } else if (this.#silence.hasPassed(nowMs)) {
      this.#nextPingMs = NEVER;
      this.#silence.set(NEVER);
      this.#handler.onSilence();
    } else {
      if (this.#silence.takeDoubt(nowMs, pingTimeoutMs / 2)) this.#handler.onDoubt?.();
      if (nowMs >= this.#nextPingMs) this.#ping(nowMs);
    }
  }

  nextDeadline(): number {
    const doubtMs = this.#handler.onDoubt ? this.#silence.doubtAtMs(this.#timing.pingTimeoutMs / 2) : NEVER;
    return Math.min(this.#nextPingMs, this.#silence.atMs, doubtMs);
  }

  silenceAtMs(): number {
    return this.#silence.atMs;
  }

  #ping(nowMs: number): void {
    const { pingIntervalMs, pingTimeoutMs, pingAheadMs = 0 } = this.#timing;
    // The other end counts from when it heard the last ping, before it answered: it is to be the first that gives up.
    const expectedMs = this.#answeredMs + pingIntervalMs + pingAheadMs / 2;
    const dueMs = Math.max(this.#nextPingMs + pingAheadMs, expectedMs, nowMs);
    if (this.#silence.atMs === NEVER) this.#silence.set(dueMs + pingTimeoutMs);
    this.#nextPingMs = nowMs + pingIntervalMs - pingAheadMs / 2;
    this.#handler.sendHeartbeat('ping', '');
  }
}

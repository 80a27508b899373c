import type { ViolationCode } from './errors.ts';
import type { Heartbeat, HeartbeatHandler, HeartbeatTiming } from './heartbeat.ts';
import type { Packet } from './packet.ts';
import { SilenceDeadline } from './silence-deadline.ts';

const NEVER = Number.POSITIVE_INFINITY;
const AT_NEXT_TICK = Number.NEGATIVE_INFINITY;

/**
 * The end that is pinged: it answers, and gives up after an interval and a timeout of silence. It doubts when half of
 * a timeout is left.
 */
export class PingWatcher implements Heartbeat {
  readonly #timing: HeartbeatTiming;
  readonly #handler: HeartbeatHandler;
  readonly #silence = new SilenceDeadline();
  #isWatching = false;
  #isStopped = false;

  constructor(timing: HeartbeatTiming, handler: HeartbeatHandler) {
    this.#timing = timing;
    this.#handler = handler;
  }

  receivePacket(packet: Packet, nowMs: number): ViolationCode | null {
    this.markAlive(nowMs);
    if (packet.type === 'ping') this.#handler.sendHeartbeat('pong', packet.data);
    return packet.type === 'pong' ? 'EIO_ERR_HEARTBEAT_DIRECTION' : null;
  }

  markAlive(nowMs: number): void {
    if (this.#isStopped) return;
    this.#isWatching = true;
    this.#silence.set(nowMs + this.#timing.pingIntervalMs + this.#timing.pingTimeoutMs);
  }

  tick(nowMs: number): void {
    if (!this.#isWatching) {
      this.markAlive(nowMs);
    } else if (this.#silence.hasPassed(nowMs)) {
      this.#isStopped = true;
      this.#silence.set(NEVER);
      this.#handler.onSilence();
    } else if (this.#silence.takeDoubt(nowMs, this.#timing.pingTimeoutMs / 2)) {
      this.#handler.onDoubt?.();
    }
  }

  nextDeadline(): number {
    if (!this.#isWatching) return AT_NEXT_TICK;
    const doubtMs = this.#handler.onDoubt ? this.#silence.doubtAtMs(this.#timing.pingTimeoutMs / 2) : NEVER;
    return Math.min(this.#silence.atMs, doubtMs);
  }

  silenceAtMs(): number {
    return this.#silence.atMs;
  }
}

import type { ViolationCode } from './errors.ts';
import type { Heartbeat, HeartbeatHandler, HeartbeatTiming } from './heartbeat.ts';
import type { Packet } from './packet.ts';
import { SilenceDeadline } from './silence-deadline.ts';

const NEVER = Number.POSITIVE_INFINITY;
const AT_NEXT_TICK = Number.NEGATIVE_INFINITY;

/** The end that is pinged: it answers, and gives up after an interval and a timeout of silence. */
export class PingWatcher implements Heartbeat {
  readonly #maxSilenceMs: number;
  readonly #handler: HeartbeatHandler;
  readonly #silence = new SilenceDeadline();
  #isWatching = false;
  #isStopped = false;

  constructor(timing: HeartbeatTiming, handler: HeartbeatHandler) {
    this.#maxSilenceMs = timing.pingIntervalMs + timing.pingTimeoutMs;
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
    this.#silence.set(nowMs + this.#maxSilenceMs);
  }

  tick(nowMs: number): void {
    if (!this.#isWatching) {
      this.markAlive(nowMs);
    } else if (this.#silence.hasPassed(nowMs)) {
      this.#isStopped = true;
      this.#silence.set(NEVER);
      this.#handler.onSilence();
    }
  }

  nextDeadline(): number {
    return this.#isWatching ? this.#silence.atMs : AT_NEXT_TICK;
  }
}

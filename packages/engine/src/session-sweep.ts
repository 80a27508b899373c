import type { HeartbeatTiming } from '@hawser/protocol/engineio';
import { attempt, Sweeper } from '@hawser/ws/internal';
import type { ResolvedOptions } from './options.ts';
import type { Sessions } from './sessions.ts';
import type { WebSocketEngine } from './websocket-engine.ts';

/** The sweeper looks four times within what it is told: for heartbeats to be on time it is told a quarter. */
const SWEEP_DIVISOR = 4;

/** However many are silent at once, this bounds what it costs to be on time. */
const MOST_SWEEPS_IN_A_PERIOD = 16;

/** Tells the time to all sessions of a server, and to connections that close, with one timer. */
export class SessionSweep {
  /** The heartbeat that keeps what the handshake promises. */
  readonly timing: HeartbeatTiming;
  /** Time of the last sweep, of a clock that only moves forward. */
  nowMs = 0;
  readonly #sessions: Sessions;
  readonly #currentWebSockets: () => WebSocketEngine;
  readonly #sweeper: Sweeper;
  #silenceTimer: NodeJS.Timeout | undefined;

  constructor(
    sessions: Sessions,
    { pingInterval, pingTimeout, closeTimeout }: ResolvedOptions,
    currentWebSockets: () => WebSocketEngine,
  ) {
    this.#sessions = sessions;
    this.#currentWebSockets = currentWebSockets;
    const timeoutsMs = [pingInterval, pingTimeout, closeTimeout].map((ms) => ms / SWEEP_DIVISOR);
    this.#sweeper = new Sweeper(timeoutsMs, (nowMs) => this.#sweep(nowMs));
    // Whole numbers take no memory of their own.
    this.timing = {
      pingIntervalMs: Math.ceil(pingInterval),
      pingTimeoutMs: Math.ceil(pingTimeout),
      // What two sweeps may be late, so that a client which counts on a ping hears it in time.
      pingAheadMs: Math.floor(Math.min(this.#sweeper.periodMs, pingInterval / 4)) * 2,
    };
  }

  /** Begins, unless it has. It ends by itself when there is nobody to be told the time. */
  start(): void {
    if (this.nowMs === 0) this.nowMs = Math.floor(performance.now());
    this.#sweeper.start();
  }

  #sweep(nowMs: number): void {
    const websockets = this.#currentWebSockets();
    this.nowMs = nowMs;
    const nextSweepMs = nowMs + this.#sweeper.periodMs;
    let silenceAtMs = nextSweepMs;
    for (const session of this.#sessions) {
      attempt(() => session.tick(nowMs));
      silenceAtMs = Math.min(silenceAtMs, session.silenceAtMs);
    }
    websockets.tick(nowMs);
    if (silenceAtMs < nextSweepMs) this.#sweepAt(silenceAtMs);
    if (this.#sessions.size > 0 || websockets.isBusy) return;
    this.#sweeper.stop();
    clearTimeout(this.#silenceTimer);
    this.nowMs = 0;
  }

  /** Who is silent is given up when the handshake says, and not up to a period later. */
  #sweepAt(timeMs: number): void {
    const leastMs = this.#sweeper.periodMs / MOST_SWEEPS_IN_A_PERIOD;
    const delayMs = Math.max(timeMs - this.nowMs, leastMs);
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#sweep(Math.floor(performance.now())), delayMs).unref();
  }
}

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
  /** Time of the last sweep, of a clock that only moves forward. */
  nowMs = 0;
  readonly #sessions: Sessions;
  readonly #options: ResolvedOptions;
  readonly #currentWebSockets: () => WebSocketEngine;
  #sweeper: Sweeper;
  #timing: HeartbeatTiming;
  #silenceTimer: NodeJS.Timeout | undefined;

  constructor(sessions: Sessions, options: ResolvedOptions, currentWebSockets: () => WebSocketEngine) {
    this.#sessions = sessions;
    this.#options = options;
    this.#currentWebSockets = currentWebSockets;
    this.#sweeper = this.#createSweeper();
    this.#timing = this.#createTiming();
  }

  /** The heartbeat of a session that begins now: it keeps what the handshake promises. */
  get timing(): HeartbeatTiming {
    const { pingIntervalMs, pingTimeoutMs } = this.#timing;
    const { pingInterval, pingTimeout } = this.#options;
    if (Math.ceil(pingInterval) !== pingIntervalMs || Math.ceil(pingTimeout) !== pingTimeoutMs) {
      this.#quicken();
      this.#timing = this.#createTiming();
    }
    return this.#timing;
  }

  /** Begins, unless it has. It ends by itself when there is nobody to be told the time. */
  start(): void {
    if (this.nowMs === 0) this.nowMs = Math.floor(performance.now());
    this.#sweeper.start();
  }

  #createSweeper(): Sweeper {
    const { pingInterval, pingTimeout, closeTimeout } = this.#options;
    const timeoutsMs = [pingInterval, pingTimeout, closeTimeout].map((ms) => ms / SWEEP_DIVISOR);
    return new Sweeper(timeoutsMs, (nowMs) => this.#sweep(nowMs));
  }

  /** Sweeps as often as the options ask for. Never less often than before: older sessions count on it. */
  #quicken(): void {
    const sweeper = this.#createSweeper();
    if (sweeper.periodMs >= this.#sweeper.periodMs) return;
    this.#sweeper.stop();
    this.#sweeper = sweeper;
    if (this.nowMs !== 0) sweeper.start();
  }

  #createTiming(): HeartbeatTiming {
    const { pingInterval, pingTimeout } = this.#options;
    // Whole numbers take no memory of their own.
    return {
      pingIntervalMs: Math.ceil(pingInterval),
      pingTimeoutMs: Math.ceil(pingTimeout),
      // What two sweeps may be late, so that a client which counts on a ping hears it in time.
      pingAheadMs: Math.floor(Math.min(this.#sweeper.periodMs, pingInterval / 4)) * 2,
    };
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

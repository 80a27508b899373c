import type { HeartbeatTiming } from '@hawser/protocol/engineio';
import { Sweeper } from '@hawser/ws/internal';
import type { ResolvedOptions } from './options.ts';
import type { Socket } from './session.ts';
import { attempt } from './uncaught.ts';
import type { WebSocketEngine } from './websocket-engine.ts';

/** The sweeper looks four times within what it is told: for heartbeats to be on time it is told a quarter. */
const SWEEP_DIVISOR = 4;

/** Tells the time to all sessions of a server, and to connections that close, with one timer. */
export class SessionSweep {
  /** The open sessions. */
  readonly sessions = new Set<Socket>();
  /** The heartbeat that keeps what the handshake promises. */
  readonly timing: HeartbeatTiming;
  /** Time of the last sweep, of a clock that only moves forward. */
  nowMs = 0;
  readonly #currentWebSockets: () => WebSocketEngine;
  readonly #sweeper: Sweeper;

  constructor(
    { pingInterval, pingTimeout, closeTimeout }: ResolvedOptions,
    currentWebSockets: () => WebSocketEngine,
  ) {
    this.#currentWebSockets = currentWebSockets;
    const timeoutsMs = [pingInterval, pingTimeout, closeTimeout].map((ms) => ms / SWEEP_DIVISOR);
    this.#sweeper = new Sweeper(timeoutsMs, (nowMs) => this.#sweep(nowMs));
    // A ping goes out early by what two sweeps may be late, so that a client which counts on it hears it in time. That
    // is added to the time for the answer: nobody is given up before the handshake says.
    const lateMs = 2 * this.#sweeper.periodMs;
    // Whole numbers take no memory of their own.
    const pingIntervalMs = Math.floor(Math.max(pingInterval - lateMs, pingInterval / 2));
    const pingTimeoutMs = Math.ceil(pingTimeout + pingInterval - pingIntervalMs);
    this.timing = { pingIntervalMs, pingTimeoutMs };
  }

  /** Begins, unless it has. It ends by itself when there is nobody to be told the time. */
  start(): void {
    if (this.nowMs === 0) this.nowMs = Math.floor(performance.now());
    this.#sweeper.start();
  }

  #sweep(nowMs: number): void {
    const websockets = this.#currentWebSockets();
    this.nowMs = nowMs;
    for (const session of this.sessions) {
      attempt(() => session.tick(nowMs));
    }
    websockets.tick(nowMs);
    if (this.sessions.size > 0 || websockets.isBusy) return;
    this.#sweeper.stop();
    this.nowMs = 0;
  }
}

import { ClientUpgrade, type ClientUpgradeHandler, type PacketType } from '@hawser/protocol/engineio';
import type { Packet } from './packet.ts';
import { startTimer, type Timer, type Timers } from './timers.ts';
import type { Transport } from './transport.ts';

/** The session whose transport is to change. */
export interface UpgradeHost extends Timers {
  /** Has the session's transport come to rest; nothing is sent until one of the other calls. */
  pausePolling(candidate: Transport, onPause: () => void): void;
  resumePolling(): void;
  onUpgraded(candidate: Transport): void;
  onUpgradeFailed(candidate: Transport, reason: unknown): void;
}

/** Carries out one attempt to move a session to another transport. */
export class UpgradeAttempt implements ClientUpgradeHandler {
  readonly #host: UpgradeHost;
  readonly #candidate: Transport;
  readonly #machine: ClientUpgrade;
  readonly #timer: Timer;
  #error: unknown;

  constructor(host: UpgradeHost, candidate: Transport, timeoutMs: number, autoUnref?: boolean) {
    this.#host = host;
    this.#candidate = candidate;
    this.#machine = new ClientUpgrade(this, timeoutMs);
    this.#machine.tick(0);
    const run = () => this.#machine.tick(timeoutMs);
    this.#timer = startTimer(host, run, timeoutMs, autoUnref);
    candidate
      .on('open', () => this.#machine.open())
      .on('packet', ({ type, data = '' }: Packet) => this.#machine.receivePacket({ type, data }))
      .on('error', (error: unknown) => {
        this.#error = error;
        this.#machine.transportClosed();
      })
      .on('close', () => this.#machine.transportClosed());
  }

  /** Begins. It may fail within the call. */
  start(): void {
    this.#candidate.open();
  }

  /** The session ended. */
  abandon(): void {
    this.#machine.abandon();
    this.onUpgradeFailed('socket closed');
  }

  sendProbe(type: PacketType, data: string): void {
    this.#candidate.send([{ type, data }]);
  }

  pausePolling(): void {
    this.#host.pausePolling(this.#candidate, () => this.#machine.pollingPaused());
  }

  resumePolling(): void {
    this.#host.resumePolling();
  }

  onUpgraded(): void {
    this.#leave();
    this.#host.onUpgraded(this.#candidate);
  }

  onUpgradeFailed(reason: string): void {
    this.#leave();
    this.#candidate.close();
    this.#host.onUpgradeFailed(this.#candidate, this.#error ?? reason);
  }

  #leave(): void {
    this.#host.clearTimeoutFn(this.#timer);
    this.#candidate.off();
  }
}

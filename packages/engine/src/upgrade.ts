import {
  type Packet,
  type PacketType,
  ServerUpgrade,
  type ServerUpgradeHandler,
} from '@hawser/protocol/engineio';
import { DeadlineTimer } from '@hawser/ws/internal';
import { controlPacket } from './packet.ts';
import type { Transport, TransportHandler } from './transport.ts';

/** The session whose transport is to change. */
export interface UpgradeHost {
  /** The client's probe came over `candidate`. */
  onUpgrading(candidate: Transport): void;
  /** Has the client stop waiting for packets over the transport that it leaves. */
  flushPolling(): void;
  /** `candidate` is the session's transport from here on. */
  onUpgraded(candidate: Transport): void;
  /** The session stays where it is. */
  onUpgradeFailed(): void;
}

/** Carries out one attempt to move a session to another transport. */
export class Upgrade implements TransportHandler, ServerUpgradeHandler {
  readonly #host: UpgradeHost;
  readonly #candidate: Transport;
  readonly #machine: ServerUpgrade;
  readonly #timer: DeadlineTimer;

  constructor(host: UpgradeHost, candidate: Transport, timeoutMs: number) {
    this.#host = host;
    this.#candidate = candidate;
    this.#machine = new ServerUpgrade(this, timeoutMs);
    this.#timer = new DeadlineTimer(this.#machine);
    candidate.handler = this;
    this.#timer.schedule();
  }

  /** The session ended. */
  abandon(): void {
    this.#machine.abandon();
    this.#leave();
    this.#candidate.close();
  }

  /** A poll waits, with nothing to answer it. */
  pollWaits(): void {
    this.#machine.pollWaits();
    this.#timer.schedule();
  }

  onPacket(packet: Packet): void {
    this.#machine.receivePacket(packet);
  }

  onReady(): void {}

  onTransportClose(): void {
    this.#machine.transportClosed();
  }

  onTransportError(): void {
    this.#machine.transportClosed();
  }

  onViolation(): void {
    this.#machine.transportClosed();
  }

  sendProbe(type: PacketType, data: string): void {
    // Who asks again and again, and does not read, has no use for the answers.
    if (this.#candidate.writable) this.#candidate.send(controlPacket(type, data));
  }

  onUpgrading(): void {
    this.#host.onUpgrading(this.#candidate);
    this.#timer.schedule();
  }

  flushPolling(): void {
    this.#host.flushPolling();
  }

  onUpgraded(): void {
    this.#leave();
    this.#host.onUpgraded(this.#candidate);
  }

  onUpgradeFailed(): void {
    this.#leave();
    this.#candidate.close();
    this.#host.onUpgradeFailed();
  }

  #leave(): void {
    this.#timer.stop();
    this.#candidate.handler = null;
  }
}

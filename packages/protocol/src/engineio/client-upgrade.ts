import { Countdown } from './countdown.ts';
import type { Packet } from './packet.ts';
import { isProbe, sendProbe, type UpgradeFailure, type UpgradeHandler } from './upgrade.ts';

const OPENING = 0;
const PROBING = 1;
const PAUSING = 2;
const DONE = 3;

/** What a client's upgrade calls. */
export interface ClientUpgradeHandler extends UpgradeHandler {
  /**
   * Send nothing more, and poll no more once the requests under way are answered; then say so with
   * {@link ClientUpgrade.pollingPaused}, after what the last poll brought was delivered.
   */
  pausePolling(): void;
  /** Go on with polling: the upgrade failed after all. */
  resumePolling(): void;
}

/**
 * The client's half of moving a session from polling to a better transport.
 *
 * | state             | event                    | next    | calls                                      |
 * | ----------------- | ------------------------ | ------- | ------------------------------------------ |
 * | opening           | `open()`                 | probing | `sendProbe('ping', 'probe')`               |
 * | probing           | pong `probe`             | pausing | `pausePolling`                             |
 * | pausing           | `pollingPaused()`        | done    | `sendProbe('upgrade', '')`, `onUpgraded`   |
 * | opening, probing  | other packet, end, time  | done    | `onUpgradeFailed`                          |
 * | pausing           | other packet, end, time  | done    | `onUpgradeFailed`, `resumePolling`         |
 * | any               | `abandon()`              | done    |                                            |
 *
 * Nothing is lost or overtaken: the server sends over the new transport only after the `upgrade` packet, which
 * goes out when no poll is under way, and what the client has to send waits from `pausePolling` to `onUpgraded`
 * or `resumePolling`.
 * @see https://socket.io/docs/v4/engine-io-protocol/
 */
export class ClientUpgrade {
  readonly #handler: ClientUpgradeHandler;
  readonly #countdown: Countdown;
  #state = OPENING;

  /** @param timeoutMs - from the first tick to the end of the upgrade */
  constructor(handler: ClientUpgradeHandler, timeoutMs: number) {
    this.#handler = handler;
    this.#countdown = new Countdown(timeoutMs);
  }

  /** Takes in that the new transport is open. */
  open(): void {
    if (this.#state !== OPENING) return;
    this.#state = PROBING;
    sendProbe(this.#handler, 'ping');
  }

  /** Takes in a packet that came over the new transport. */
  receivePacket(packet: Packet): void {
    if (this.#state === PROBING && isProbe(packet, 'pong')) {
      this.#state = PAUSING;
      this.#handler.pausePolling();
    } else {
      this.#fail('unexpected packet');
    }
  }

  /** Takes in that polling is at rest and all it brought was delivered. */
  pollingPaused(): void {
    if (this.#state !== PAUSING) return;
    this.#handler.sendProbe('upgrade', '');
    // Its end may have been told within that.
    if (this.#state !== PAUSING) return;
    this.#state = DONE;
    this.#handler.onUpgraded();
  }

  /** Takes in that the new transport ended. */
  transportClosed(): void {
    this.#fail('closed');
  }

  /** Takes in that the session ended. */
  abandon(): void {
    this.#state = DONE;
  }

  /** Takes in that time passed. */
  tick(nowMs: number): void {
    if (this.#state !== DONE && this.#countdown.tick(nowMs)) this.#fail('timeout');
  }

  /** Returns when `tick` has to be called next: a time of its clock, `-Infinity` for at once, `Infinity` for never. */
  nextDeadline(): number {
    return this.#state === DONE ? Number.POSITIVE_INFINITY : this.#countdown.endMs;
  }

  #fail(reason: UpgradeFailure): void {
    if (this.#state === DONE) return;
    const isPolling = this.#state !== PAUSING;
    this.#state = DONE;
    this.#handler.onUpgradeFailed(reason);
    if (!isPolling) this.#handler.resumePolling();
  }
}

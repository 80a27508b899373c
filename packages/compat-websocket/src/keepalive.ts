import { setLongTimeout } from '@hawser/ws/internal';
import type { ConnectionConfig } from './options.ts';

/** What a connection does about a silent peer. */
export interface KeepaliveHandler {
  /** Ask for a sign of life. */
  onSilence(): void;
  /** None came. */
  onLost(): void;
}

/**
 * Watches for silence: after `keepaliveInterval` it asks, after `keepaliveGracePeriod` more it gives up. Whatever
 * comes in begins it anew.
 */
export class Keepalive {
  readonly #handler: KeepaliveHandler;
  readonly #intervalMs: number;
  /** `null` when an unanswered ping has no consequence. */
  readonly #graceMs: number | null;
  #timer: NodeJS.Timeout;
  #isGrace = false;

  /** @throws Error when a period that is needed is no number */
  constructor(handler: KeepaliveHandler, config: ConnectionConfig) {
    this.#handler = handler;
    this.#intervalMs = checkNumber(
      config.keepaliveInterval,
      'keepaliveInterval must be specified and numeric if keepalive is true.',
    );
    this.#graceMs = config.dropConnectionOnKeepaliveTimeout
      ? checkNumber(
          config.keepaliveGracePeriod,
          'keepaliveGracePeriod  must be specified and numeric if dropConnectionOnKeepaliveTimeout is true.',
        )
      : null;
    this.#timer = setLongTimeout(this.#onTimeout, this.#intervalMs);
  }

  /** Something came in. */
  heard(): void {
    if (this.#isGrace) this.#restart();
    else this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  readonly #onTimeout = (): void => {
    if (this.#isGrace) {
      this.#handler.onLost();
      return;
    }
    if (this.#graceMs === null) {
      this.#restart();
    } else {
      this.#isGrace = true;
      this.#timer = setLongTimeout(this.#onTimeout, this.#graceMs);
    }
    this.#handler.onSilence();
  };

  #restart(): void {
    this.stop();
    this.#isGrace = false;
    this.#timer = setLongTimeout(this.#onTimeout, this.#intervalMs);
  }
}

function checkNumber(value: unknown, message: string): number {
  if (typeof value !== 'number') throw new Error(message);
  return value;
}

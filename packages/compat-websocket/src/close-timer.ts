import type { Socket } from 'node:net';
import { setLongTimeout } from '@hawser/ws/internal';
import { DEFAULT_SERVER_CONFIG } from './options.ts';

/** A peer that talks on, but has not taken a whole write, is given up after so many times its time. */
const MAX_UNCHANGED_PERIODS = 12;

/**
 * Sees to it that a connection whose half we ended goes away: the peer has `closeTimeout` to end its own. Output that
 * it is still taking is not cut off; only a peer that has stopped taking it is.
 */
export class CloseTimer {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout;
  #unsentBytes = 0;
  #unchangedPeriods = 0;

  constructor(socket: Socket, timeoutMs: number = DEFAULT_SERVER_CONFIG.closeTimeout) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#timer = setLongTimeout(this.#onTimeout, timeoutMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  readonly #onTimeout = (): void => {
    const socket = this.#socket;
    const { writableLength } = socket;
    this.#unchangedPeriods = writableLength === this.#unsentBytes ? this.#unchangedPeriods + 1 : 0;
    this.#unsentBytes = writableLength;
    if (writableLength === 0 || this.#unchangedPeriods > MAX_UNCHANGED_PERIODS) {
      socket.destroy();
      return;
    }
    // The progress of one large write shows nowhere else than in the socket's own idle timer.
    if (!socket.timeout) socket.setTimeout(this.#timeoutMs, () => socket.destroy());
    this.#timer = setLongTimeout(this.#onTimeout, this.#timeoutMs);
  };
}

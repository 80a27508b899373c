import type { Socket } from 'node:net';
import { setLongTimeout } from '@hawser/ws/internal';
import { DEFAULT_SERVER_CONFIG } from './options.ts';

/**
 * Sees to it that a connection whose half we ended goes away: the peer has `closeTimeout` to end its own. Output that
 * it is still taking is not cut off; only a peer that has stopped taking it is.
 */
export class CloseTimer {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;

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
    if (socket.writableLength === 0) {
      socket.destroy();
      return;
    }
    // Only the output counts as activity: the peer could send for ever.
    socket.pause();
    if (socket.timeout === 0 || socket.timeout === undefined) {
      socket.setTimeout(this.#timeoutMs, () => socket.destroy());
    }
    this.#timer = setLongTimeout(this.#onTimeout, this.#timeoutMs);
  };
}

import { localNow, ServerClock } from './clock.js';

/**
 * @typedef {import('./lab-tally.js').Totals} Totals
 * @typedef {{ min: number, max: number }} Range
 * @typedef {{ rate: number, payloadBytes: number, isRunning: boolean }} Pace
 *
 * @typedef {Pace & { stream: string, ports: Record<string, number>, transports: Record<string, Totals>,
 *   limits: { rate: Range, payloadBytes: Range } }} Ready
 *
 * @typedef {object} ControlHandler
 * @property {(ready: Ready) => void} onReady a stream is there; the one before is not
 * @property {(totals: { pages: number, transports: Record<string, Totals> }) => void} onTotals
 * @property {(pace: Pace) => void} onPace
 * @property {(notice: string) => void} onNotice something that the user should know
 * @property {(reason: string) => void} onLost
 *
 * @typedef {import('/socket.io/socket.io.esm.min.js').Socket} Socket
 */

const PING_INTERVAL_MS = 1000;

/** Steers the page's stream, hears what it costs, and compares the clocks. */
export class LabControl {
  #socket;
  #handler;
  #clock = new ServerClock();
  #changes = 0;

  /**
   * @param {Socket} socket
   * @param {ControlHandler} handler
   */
  constructor(socket, handler) {
    this.#socket = socket;
    this.#handler = handler;
    socket.on('ready', (ready) => {
      this.#clock.reset();
      handler.onReady(ready);
    });
    socket.on('totals', (totals) => handler.onTotals(totals));
    socket.on('idle', ({ idleMs, ...pace }) => {
      handler.onPace(pace);
      const minutes = Math.round(idleMs / 60_000);
      handler.onNotice(
        `Nothing was changed here for ${minutes} minutes: the stream rests. “Go on” wakes it.`,
      );
    });
    socket.on('full', ({ pages }) =>
      handler.onLost(`${pages} pages use the lab already. Close one of them and load this page again.`),
    );
    socket.on('disconnect', (reason) => {
      if (reason !== 'io server disconnect')
        handler.onLost('The connection to the server is lost. Trying again…');
    });
    socket.on('connect_error', () => handler.onLost('The server cannot be reached. Trying again…'));
    setInterval(() => this.#ping(), PING_INTERVAL_MS);
    socket.on('connect', () => this.#ping());
  }

  /**
   * What is known of the server's clock.
   *
   * @returns {{ offsetMs: number, errorMs: number } | undefined}
   */
  get clock() {
    return this.#clock.estimate;
  }

  /**
   * How long ago the server stamped something; negative within the error of the clocks.
   *
   * @param {number} serverMs
   * @returns {number | undefined} nothing before the first ping was answered
   */
  delayOf(serverMs) {
    const estimate = this.#clock.estimate;
    return estimate === undefined ? undefined : localNow() + estimate.offsetMs - serverMs;
  }

  /** @param {Partial<Pace>} wish */
  change(wish) {
    if (!this.#socket.connected) return;
    const change = ++this.#changes;
    this.#socket.emit('change', wish, (/** @type {Pace} */ pace) => {
      // An older answer would take back what the user has moved since.
      if (change === this.#changes) this.#handler.onPace(pace);
    });
  }

  #ping() {
    if (!this.#socket.connected) return;
    const sentMs = localNow();
    this.#socket.emit('clock', (/** @type {number} */ serverMs) =>
      this.#clock.add({ sentMs, serverMs, receivedMs: localNow() }),
    );
  }
}

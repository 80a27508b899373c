import { backoffDelay } from './backoff.js';
import { localNow } from './clock.js';

/**
 * What the connection is doing, as it is shown.
 *
 * @typedef {{ name: 'connecting', attempt: number }
 *   | { name: 'open' }
 *   | { name: 'closing' }
 *   | { name: 'closed', code: number, reason: string }
 *   | { name: 'reconnecting', code: number, reason: string, attempt: number, atMs: number }
 * } ConnectionState
 *
 * @typedef {object} ConnectionHandler
 * @property {(state: ConnectionState) => void} onState is told of each change
 * @property {(data: string | ArrayBuffer) => void} onMessage
 */

// A connection that held this long was a good one: the next failure starts from the shortest delay.
const STABLE_AFTER_MS = 5000;

/**
 * One WebSocket that comes back. It opens, reports honestly what happens to it, and after every end that the
 * user did not ask for it tries again, later and later.
 *
 *   connecting -> open -> closing -> closed          (the user disconnects)
 *   connecting | open -> reconnecting -> connecting  (anything else ends it)
 */
export class Connection {
  #url;
  #handler;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {ConnectionState} */
  #state = { name: 'closed', code: 1000, reason: '' };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #failures = 0;
  #openedAtMs = 0;

  /**
   * @param {string} url
   * @param {ConnectionHandler} handler
   */
  constructor(url, handler) {
    this.#url = url;
    this.#handler = handler;
  }

  get state() {
    return this.#state;
  }

  /** What was sent and has not left yet, in bytes. */
  get queuedBytes() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** Connect, or try again now instead of after the delay. */
  open() {
    if (this.#socket !== undefined) return;
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.#url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#openedAtMs = localNow();
      this.#enter({ name: 'open' });
    };
    socket.onmessage = ({ data }) => this.#handler.onMessage(data);
    socket.onclose = ({ code, reason }) => this.#ended(code, reason);
    this.#socket = socket;
    this.#enter({ name: 'connecting', attempt: this.#failures + 1 });
  }

  /** Close for good, as the user wishes; {@link open} begins anew. */
  close() {
    clearTimeout(this.#timer);
    this.#failures = 0;
    if (this.#state.name === 'reconnecting') {
      const { code, reason } = this.#state;
      this.#enter({ name: 'closed', code, reason });
    } else if (this.#socket !== undefined) {
      this.#enter({ name: 'closing' });
      this.#socket.close(1000);
    }
  }

  /**
   * Give up a connection that does not answer any more: its closing handshake would not be answered either.
   *
   * @param {string} reason
   */
  abandon(reason) {
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#ended(1006, reason);
  }

  /**
   * Send, if the connection is open.
   *
   * @param {string | Uint8Array<ArrayBuffer>} data
   * @returns {boolean} whether it was handed to the socket
   */
  send(data) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(data);
    return true;
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #ended(code, reason) {
    this.#socket = undefined;
    if (this.#state.name === 'closing') {
      this.#enter({ name: 'closed', code, reason });
      return;
    }
    if (this.#state.name === 'open' && localNow() - this.#openedAtMs > STABLE_AFTER_MS) this.#failures = 0;
    this.#failures++;
    const delayMs = backoffDelay(this.#failures);
    this.#timer = setTimeout(() => this.open(), delayMs);
    this.#enter({ name: 'reconnecting', code, reason, attempt: this.#failures, atMs: localNow() + delayMs });
  }

  /** @param {ConnectionState} state */
  #enter(state) {
    this.#state = state;
    this.#handler.onState(state);
  }
}

import { backoffDelay } from './backoff.js';
import { localNow } from './clock.js';

/**
 * What the connection is doing, as it is shown.
 *
 * @typedef {{ name: 'connecting', attempt: number }
 *   | { name: 'open' }
 *   | { name: 'closing' }
 *   | { name: 'closed', reason: string }
 *   | { name: 'reconnecting', reason: string, attempt: number, atMs: number }
 * } ConnectionState
 *
 * @typedef {object} Opening how a connection came to be
 * @property {boolean} isRecovered whether the server goes on with the session before
 * @property {string} [refusal] why it does not, if it was asked to
 *
 * @typedef {object} LinkHandler what one try to connect reports
 * @property {(opening: Opening) => void} onOpen
 * @property {(transports: readonly string[]) => void} onTransport what carries it, all there were in order
 * @property {(message: import('./wire.js').ServerMessage, bytes?: Uint8Array<ArrayBuffer>) => void} onMessage
 * @property {(reason: string) => void} onEnd once, the last call
 *
 * @typedef {object} Link one try to connect, and the connection that comes of it
 * @property {number} queuedBytes what was sent and has not left yet
 * @property {(message: import('./wire.js').ClientMessage, bytes?: Uint8Array<ArrayBuffer>) => boolean} send
 *   whether it was handed on
 * @property {() => void} close say goodbye
 * @property {() => void} abandon end it without a goodbye; nothing is reported any more
 *
 * @typedef {object} Wire a way to the server
 * @property {boolean} watchesItself whether it finds out by itself that the other end is gone
 * @property {(handler: LinkHandler) => Link} open
 *
 * @typedef {object} ConnectionHandler
 * @property {(state: ConnectionState, opening?: Opening) => void} onState is told of each change
 * @property {LinkHandler['onTransport']} onTransport
 * @property {LinkHandler['onMessage']} onMessage
 */

// A connection that held this long was a good one: the next failure starts from the shortest delay.
const STABLE_AFTER_MS = 5000;

/**
 * One connection that comes back. It opens, reports honestly what happens to it, and after every end that the
 * user did not ask for it tries again, later and later.
 *
 *   connecting -> open -> closing -> closed          (the user disconnects)
 *   connecting | open -> reconnecting -> connecting  (anything else ends it)
 */
export class Connection {
  #wire;
  #handler;
  /** @type {Link | undefined} */
  #link;
  /** @type {ConnectionState} */
  #state = { name: 'closed', reason: '' };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #failures = 0;
  #openedAtMs = 0;

  /**
   * @param {Wire} wire
   * @param {ConnectionHandler} handler
   */
  constructor(wire, handler) {
    this.#wire = wire;
    this.#handler = handler;
  }

  get state() {
    return this.#state;
  }

  /** What was sent and has not left yet, in bytes. */
  get queuedBytes() {
    return this.#link?.queuedBytes ?? 0;
  }

  /** Connect, or try again now instead of after the delay. */
  open() {
    if (this.#link !== undefined) return;
    clearTimeout(this.#timer);
    this.#link = this.#wire.open({
      onOpen: (opening) => {
        this.#openedAtMs = localNow();
        this.#enter({ name: 'open' }, opening);
      },
      onTransport: (transports) => this.#handler.onTransport(transports),
      onMessage: (message, bytes) => this.#handler.onMessage(message, bytes),
      onEnd: (reason) => this.#ended(reason),
    });
    this.#enter({ name: 'connecting', attempt: this.#failures + 1 });
  }

  /** Close for good, as the user wishes; {@link open} begins anew. */
  close() {
    clearTimeout(this.#timer);
    this.#failures = 0;
    if (this.#state.name === 'reconnecting') {
      this.#enter({ name: 'closed', reason: this.#state.reason });
    } else if (this.#link !== undefined) {
      this.#enter({ name: 'closing' });
      this.#link.close();
    }
  }

  /**
   * Give up a connection that does not answer any more: its goodbye would not be answered either.
   *
   * @param {string} reason
   */
  abandon(reason) {
    if (this.#link === undefined) return;
    this.#link.abandon();
    this.#ended(reason);
  }

  /**
   * Send, if the connection is open.
   *
   * @param {import('./wire.js').ClientMessage} message
   * @param {Uint8Array<ArrayBuffer>} [bytes]
   * @returns {boolean} whether it was handed on
   */
  send(message, bytes) {
    return this.#state.name === 'open' && this.#link?.send(message, bytes) === true;
  }

  /** @param {string} reason */
  #ended(reason) {
    this.#link = undefined;
    if (this.#state.name === 'closing') {
      this.#enter({ name: 'closed', reason });
      return;
    }
    if (this.#state.name === 'open' && localNow() - this.#openedAtMs > STABLE_AFTER_MS) this.#failures = 0;
    this.#failures++;
    const delayMs = backoffDelay(this.#failures);
    this.#timer = setTimeout(() => this.open(), delayMs);
    this.#enter({ name: 'reconnecting', reason, attempt: this.#failures, atMs: localNow() + delayMs });
  }

  /**
   * @param {ConnectionState} state
   * @param {Opening} [opening]
   */
  #enter(state, opening) {
    this.#state = state;
    this.#handler.onState(state, opening);
  }
}

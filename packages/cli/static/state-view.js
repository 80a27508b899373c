import { localNow } from './clock.js';
import { byId } from './dom.js';
import { formatDuration } from './format.js';

/**
 * @typedef {import('./connection.js').ConnectionState} ConnectionState
 *
 * @typedef {object} StateActions
 * @property {() => void} connect
 * @property {() => void} disconnect
 */

const LABELS = {
  connecting: 'Connecting',
  open: 'Open',
  closing: 'Closing',
  closed: 'Closed',
  reconnecting: 'Reconnecting',
};
const COUNTDOWN_STEP_MS = 200;

/** Shows what the connection is doing, in words, and lets the user end it or hasten it. */
export class StateView {
  #frame = byId('state', HTMLElement);
  #name = byId('state-name', HTMLElement);
  #transport = byId('transport', HTMLElement);
  #roundTrip = byId('round-trip', HTMLElement);
  #button = byId('state-button', HTMLButtonElement);
  #spoken = byId('state-spoken', HTMLElement);
  #banner = byId('banner', HTMLElement);
  #what = byId('banner-what', HTMLElement);
  #next = byId('banner-next', HTMLElement);
  #bannerActions = byId('banner-actions', HTMLElement);
  #actions;
  /** @type {ConnectionState} */
  #state = { name: 'connecting', attempt: 1 };
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #countdown;

  /** @param {StateActions} actions */
  constructor(actions) {
    this.#actions = actions;
    this.#button.addEventListener('click', () => this.#toggle());
    byId('try-now', HTMLButtonElement).addEventListener('click', () => actions.connect());
    byId('stop-trying', HTMLButtonElement).addEventListener('click', () => actions.disconnect());
  }

  /** @param {ConnectionState} state */
  show(state) {
    const wasOpen = this.#state.name === 'open';
    this.#state = state;
    this.#frame.dataset.state = state.name;
    this.#name.textContent = LABELS[state.name];
    this.#roundTrip.textContent = '';
    if (state.name === 'connecting' || state.name === 'closed' || state.name === 'reconnecting') {
      this.#transport.textContent = '';
    }
    this.#button.textContent = state.name === 'closed' ? 'Connect' : 'Disconnect';
    this.#button.disabled = state.name === 'closing';
    // While it tries again, the banner has the buttons.
    this.#button.hidden = state.name === 'reconnecting';
    this.#showBanner(state, wasOpen);
    this.#spoken.textContent = `Connection: ${LABELS[state.name]}. ${this.#banner.hidden ? '' : this.#what.textContent}`;
    clearInterval(this.#countdown);
    if (state.name !== 'reconnecting') return;
    this.#showCountdown();
    this.#countdown = setInterval(() => this.#showCountdown(), COUNTDOWN_STEP_MS);
  }

  /**
   * Show what carries the connection; an upgrade shows what it came from.
   *
   * @param {readonly string[]} transports
   */
  showTransport(transports) {
    this.#transport.textContent = `over ${transports.join(' → ')}`;
    this.#transport.title =
      transports.length > 1
        ? `Began over ${transports[0]}, then upgraded to ${transports.at(-1)} without losing a message`
        : '';
  }

  /** @param {number} roundTripMs */
  showRoundTrip(roundTripMs) {
    this.#roundTrip.textContent = formatDuration(roundTripMs);
    this.#roundTrip.title = 'Round trip of the latest ping';
    this.#frame.dataset.state = this.#state.name;
  }

  /** @param {number} silentMs */
  showSilence(silentMs) {
    this.#frame.dataset.state = 'silent';
    this.#roundTrip.textContent = `no answer for ${formatDuration(silentMs)}`;
  }

  #toggle() {
    if (this.#state.name === 'closed') this.#actions.connect();
    else this.#actions.disconnect();
  }

  /**
   * @param {ConnectionState} state
   * @param {boolean} wasOpen
   */
  #showBanner(state, wasOpen) {
    const attempt = state.name === 'connecting' ? state.attempt : 0;
    this.#banner.hidden = !(state.name === 'closed' || state.name === 'reconnecting' || attempt > 1);
    this.#banner.dataset.state = state.name;
    this.#bannerActions.hidden = state.name !== 'reconnecting';
    this.#next.textContent = '';
    if (state.name === 'closed') {
      this.#what.textContent = `Closed with ${state.reason}. What you write is kept.`;
    } else if (state.name === 'reconnecting') {
      this.#what.textContent = wasOpen ? `Connection lost with ${state.reason}.` : 'Could not connect.';
    } else if (state.name === 'connecting') {
      this.#what.textContent = `Trying again, attempt ${attempt - 1}…`;
    }
  }

  #showCountdown() {
    if (this.#state.name !== 'reconnecting') return;
    const { attempt, atMs } = this.#state;
    const seconds = Math.max(0, atMs - localNow()) / 1000;
    const text = seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds));
    this.#next.textContent = `Attempt ${attempt} in ${text} s. What you write is kept.`;
  }
}

import { byId } from './dom.js';
import { formatDuration, formatSize } from './format.js';

/**
 * @typedef {object} ControlActions
 * @property {(wish: Partial<import('./lab-control.js').Pace>) => void} change
 * @property {() => void} reset
 */

const RATES = [1, 2, 5, 10, 20, 50, 100, 200];
const PAYLOADS = [16, 64, 256, 1024, 4096, 16_384, 65_536];
const INTERVALS_MS = [100, 250, 500, 1000, 2000, 5000];

/** The sliders and buttons above the chart. */
export class ControlsView {
  #run = byId('run', HTMLButtonElement);
  #reset = byId('reset', HTMLButtonElement);
  #rate;
  #payload;
  #interval;
  #isRunning = true;

  /** @param {ControlActions} actions */
  constructor(actions) {
    const pace = () => ({
      rate: this.#rate.value,
      payloadBytes: this.#payload.value,
      isRunning: this.#isRunning,
    });
    const change = () => actions.change(pace());
    this.#rate = new Slider('rate', RATES, (rate) => `${rate} / s`, change);
    this.#payload = new Slider('payload', PAYLOADS, formatSize, change);
    // The server has no say in how often it is asked, but it sees that someone is here.
    this.#interval = new Slider('interval', INTERVALS_MS, formatDuration, change);
    this.#interval.value = 1000;
    this.#run.addEventListener('click', () => actions.change({ ...pace(), isRunning: !this.#isRunning }));
    this.#reset.addEventListener('click', () => actions.reset());
    byId('controls', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());
  }

  get intervalMs() {
    return this.#interval.value;
  }

  /** @param {import('./lab-control.js').Pace} pace */
  showPace({ rate, payloadBytes, isRunning }) {
    this.#rate.value = rate;
    this.#payload.value = payloadBytes;
    this.#isRunning = isRunning;
    this.#run.textContent = isRunning ? 'Pause' : 'Go on';
  }

  /** @param {boolean} isEnabled */
  setEnabled(isEnabled) {
    this.#run.disabled = !isEnabled;
    this.#reset.disabled = !isEnabled;
  }
}

/** A slider over a few values that lie further and further apart. */
class Slider {
  #input;
  #output;
  #steps;
  #format;

  /**
   * @param {string} id
   * @param {readonly number[]} steps
   * @param {(value: number) => string} format
   * @param {() => void} onChange
   */
  constructor(id, steps, format, onChange) {
    this.#input = byId(id, HTMLInputElement);
    this.#output = byId(`${id}-value`, HTMLOutputElement);
    this.#steps = steps;
    this.#format = format;
    this.#input.max = String(steps.length - 1);
    this.#input.addEventListener('input', () => {
      this.#show();
      onChange();
    });
    this.#show();
  }

  get value() {
    return this.#steps[Number(this.#input.value)] ?? 0;
  }

  set value(value) {
    const nearest = this.#steps.findIndex((step) => step >= value);
    this.#input.value = String(nearest === -1 ? this.#steps.length - 1 : nearest);
    this.#show();
  }

  #show() {
    const text = this.#format(this.value);
    this.#output.textContent = text;
    // A screen reader would say the number of the step.
    this.#input.setAttribute('aria-valuetext', text);
  }
}

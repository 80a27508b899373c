import { button, element } from './dom.js';
import { formatDuration, formatSize } from './format.js';

/**
 * @typedef {object} ColumnFigures
 * @property {number | undefined} medianMs of the last seconds
 * @property {number | undefined} slowMs 95 % took no longer
 * @property {import('./lab-tally.js').Cost} cost
 */

/** One transport: what it does, how it fares, and a button to start and stop it. */
export class ColumnView {
  node;
  row;
  #toggle;
  #state = element('p', { class: 'column-state' });
  #median = element('span', { class: 'column-median' }, '–');
  #facts = element('p', { class: 'column-facts' });
  /** @type {HTMLElement[]} */
  #cells;
  #title;

  /**
   * @param {{ name: string, title: string, sentence: string }} transport
   * @param {number} index
   * @param {() => void} onToggle
   */
  constructor({ name, title, sentence }, index, onToggle) {
    this.#title = title;
    this.#toggle = button('Stop', 'button small', onToggle);
    const swatch = () =>
      element('span', { class: 'swatch', 'data-series': index + 1, 'aria-hidden': 'true' });
    this.node = element(
      'article',
      { class: 'column', 'data-transport': name, 'aria-label': title },
      element('header', { class: 'column-head' }, swatch(), element('h3', {}, title), this.#toggle),
      element('p', { class: 'column-figure' }, this.#median, element('span', {}, 'median of 10 s')),
      this.#facts,
      this.#state,
      element('p', { class: 'column-sentence' }, sentence),
    );
    this.#cells = Array.from({ length: 10 }, () => element('td', {}, '–'));
    this.row = element(
      'tr',
      { 'data-transport': name },
      element('th', { scope: 'row' }, swatch(), title),
      ...this.#cells,
    );
  }

  /**
   * @param {string} state
   * @param {boolean} isRunning
   */
  showState(state, isRunning) {
    this.node.dataset.state = isRunning ? (state.startsWith('open') ? 'open' : 'trying') : 'stopped';
    this.#state.textContent = state;
    this.#toggle.textContent = isRunning ? 'Stop' : 'Start';
    this.#toggle.setAttribute('aria-label', `${isRunning ? 'Stop' : 'Start'} ${this.#title}`);
  }

  /** @param {ColumnFigures} figures */
  showFigures({ medianMs, slowMs, cost }) {
    const median = medianMs === undefined ? '–' : formatDelay(medianMs);
    const slow = slowMs === undefined ? '–' : formatDelay(slowMs);
    const overhead = cost.overheadBytes === undefined ? '–' : formatSize(Math.round(cost.overheadBytes));
    this.#median.textContent = median;
    this.#facts.textContent = `${count(cost.requests, 'request')} for ${count(cost.events, 'event')}, ${overhead} overhead each`;
    const perEvent = cost.cpuMsPerEvent === undefined ? '–' : `${Math.round(cost.cpuMsPerEvent * 1000)} µs`;
    const texts = [
      cost.events.toLocaleString(),
      cost.missed.toLocaleString(),
      median,
      slow,
      cost.requests.toLocaleString(),
      formatSize(cost.bytesUp),
      formatSize(cost.bytesDown),
      overhead,
      formatDuration(cost.cpuMs),
      perEvent,
    ];
    for (const [index, cell] of this.#cells.entries()) cell.textContent = texts[index] ?? '';
  }
}

/** @param {number} ms within the error of the clocks it may be negative */
function formatDelay(ms) {
  return ms < 0.1 ? '< 0.1 ms' : formatDuration(ms);
}

/**
 * @param {number} number
 * @param {string} noun
 */
function count(number, noun) {
  return `${number.toLocaleString()} ${noun}${number === 1 ? '' : 's'}`;
}

import { localNow } from './clock.js';
import { byId } from './dom.js';
import { formatDuration } from './format.js';
import { LabChart } from './lab-chart.js';
import { LabColumn } from './lab-column.js';
import { LabControl } from './lab-control.js';
import { ControlsView } from './lab-controls-view.js';
import { LabRecord } from './lab-record.js';
import { TRANSPORTS } from './lab-transports.js';

/** @typedef {import('./lab-control.js').ControlHandler} ControlHandler */

const SPAN_MS = 30_000;
const DRAW_INTERVAL_MS = 200;

/**
 * The page: one stream of events, a column for each transport.
 *
 * @implements {ControlHandler}
 */
export class LabPage {
  #record = new LabRecord(TRANSPORTS.length, SPAN_MS);
  #control;
  #controls;
  #columns;
  #chart;

  /** @param {import('./lab-control.js').Socket} socket */
  constructor(socket) {
    this.#control = new LabControl(socket, this);
    this.#controls = new ControlsView({
      change: (wish) => this.#control.change(wish),
      reset: () => {
        for (const column of this.#columns) column.reset();
      },
    });
    const control = this.#control;
    this.#columns = TRANSPORTS.map(
      (transport, index) => new LabColumn(transport, index, this.#record, (at) => control.delayOf(at)),
    );
    byId('columns', HTMLElement).append(...this.#columns.map(({ view }) => view.node));
    byId('totals', HTMLElement).append(...this.#columns.map(({ view }) => view.row));
    // Wider than a narrow screen; whoever has no mouse scrolls it with the keys.
    byId('table-frame', HTMLElement).tabIndex = 0;
    this.#chart = new LabChart(byId('chart', HTMLCanvasElement), SPAN_MS);
    setInterval(() => this.#draw(), DRAW_INTERVAL_MS);
  }

  /** @type {ControlHandler['onReady']} */
  onReady(ready) {
    this.onNotice('');
    this.#showControl('open', 'Connected');
    this.#record.clear();
    this.#controls.setEnabled(true);
    this.#controls.showPace(ready);
    for (const column of this.#columns) {
      const port = ready.ports[column.name];
      const totals = ready.transports[column.name];
      if (port === undefined || totals === undefined) continue;
      const base = `${location.protocol}//${location.hostname}:${port}`;
      column.begin({ base, stream: ready.stream, intervalMs: () => this.#controls.intervalMs }, totals);
    }
  }

  /** @type {ControlHandler['onTotals']} */
  onTotals({ pages, transports }) {
    for (const column of this.#columns) {
      const totals = transports[column.name];
      if (totals !== undefined) column.take(totals);
    }
    byId('pages-note', HTMLElement).textContent =
      pages > 1 ? `${pages} pages are open: the CPU is that of all of them.` : '';
    this.#showClock();
  }

  /** @type {ControlHandler['onPace']} */
  onPace(pace) {
    this.onNotice('');
    this.#controls.showPace(pace);
  }

  /** @type {ControlHandler['onNotice']} */
  onNotice(text) {
    const notice = byId('lab-notice', HTMLElement);
    notice.textContent = text;
    notice.hidden = text === '';
  }

  /** @type {ControlHandler['onLost']} */
  onLost(reason) {
    this.onNotice(reason);
    this.#showControl('lost', 'Not connected');
    this.#controls.setEnabled(false);
    for (const column of this.#columns) column.end();
  }

  #draw() {
    const { clock } = this.#control;
    if (clock === undefined || document.hidden) return;
    const nowMs = localNow() + clock.offsetMs;
    const hidden = new Set(this.#columns.flatMap((column, index) => (column.isRunning ? [] : [index])));
    this.#chart.show(this.#record.columns, nowMs, hidden);
    for (const column of this.#columns) column.draw(nowMs);
  }

  #showClock() {
    const { clock } = this.#control;
    if (clock === undefined) return;
    const sign = clock.offsetMs < 0 ? 'behind' : 'ahead of';
    const offset = formatDuration(Math.abs(clock.offsetMs));
    byId('clock', HTMLElement).textContent =
      `the server's is ${offset} ${sign} this page's, give or take ${formatDuration(clock.errorMs)}`;
  }

  /**
   * @param {string} state
   * @param {string} text
   */
  #showControl(state, text) {
    const view = byId('control-state', HTMLElement);
    view.dataset.state = state;
    view.textContent = text;
  }
}

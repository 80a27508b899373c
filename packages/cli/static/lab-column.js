import { ColumnView } from './lab-column-view.js';
import { quantile } from './lab-record.js';
import { Tally } from './lab-tally.js';

const FIGURES_SPAN_MS = 10_000;

/** One transport on the page: receives its events, times them, and counts what they cost. */
export class LabColumn {
  view;
  #transport;
  #index;
  #record;
  #delayOf;
  #tally = new Tally();
  /** @type {import('./lab-transports.js').Source | undefined} */
  #source;
  /** @type {import('./lab-transports.js').Receiver | undefined} */
  #receiver;
  // What the user wants, through every loss of the connection.
  #isWanted = true;

  /**
   * @param {import('./lab-transports.js').TransportInfo} transport
   * @param {number} index
   * @param {import('./lab-record.js').LabRecord} record
   * @param {(at: number) => number | undefined} delayOf how long ago the server's time was
   */
  constructor(transport, index, record, delayOf) {
    this.#transport = transport;
    this.#index = index;
    this.#record = record;
    this.#delayOf = delayOf;
    this.view = new ColumnView(transport, index, () => this.#toggle());
    this.view.showState('connecting', true);
  }

  get name() {
    return this.#transport.name;
  }

  get isRunning() {
    return this.#receiver !== undefined;
  }

  /**
   * There is a new stream.
   *
   * @param {import('./lab-transports.js').Source} source
   * @param {import('./lab-tally.js').Totals} totals what the server has counted before it
   */
  begin(source, totals) {
    this.end();
    this.#source = source;
    this.#tally = new Tally();
    this.#tally.take(totals);
    if (this.#isWanted) this.#start();
  }

  /** The stream is gone. */
  end() {
    this.#source = undefined;
    this.#stop();
    if (this.#isWanted) this.view.showState('waiting for the server', true);
  }

  /** @param {import('./lab-tally.js').Totals} totals */
  take(totals) {
    this.#tally.take(totals);
  }

  /** Count anew. */
  reset() {
    this.#tally.reset();
  }

  /** @param {number} nowMs the server's time */
  draw(nowMs) {
    const delays = this.#record.delaysSince(this.#index, nowMs - FIGURES_SPAN_MS);
    this.view.showFigures({
      medianMs: quantile(delays, 0.5),
      slowMs: quantile(delays, 0.95),
      cost: this.#tally.cost,
    });
  }

  #toggle() {
    this.#isWanted = !this.#isWanted;
    if (!this.#isWanted) {
      this.#stop();
      this.view.showState('stopped', false);
    } else {
      this.#tally.reset();
      this.#start();
    }
  }

  #start() {
    this.view.showState(this.#source === undefined ? 'waiting for the server' : 'connecting', true);
    if (this.#source === undefined) return;
    this.#receiver = this.#transport.start(this.#source, {
      onEvents: (events) => this.#receive(events),
      onState: (state) => this.view.showState(state, true),
    });
  }

  #stop() {
    this.#receiver?.stop();
    this.#receiver = undefined;
  }

  /** @param {readonly import('./lab-transports.js').LabEvent[]} events */
  #receive(events) {
    for (const event of events) {
      const delayMs = this.#delayOf(event.at);
      if (!this.#tally.count(event) || delayMs === undefined) continue;
      this.#record.add(this.#index, { seq: event.seq, at: event.at, delayMs });
    }
  }
}

import { formatDuration } from './format.js';

/**
 * The place of the plot on the canvas, in CSS pixels.
 *
 * @typedef {{ left: number, top: number, width: number, height: number }} Plot
 */

const MARGIN = { left: 72, right: 16, top: 14, bottom: 28 };
const GRID_SECONDS = 5;
// Nothing is drawn below: there the clocks say no more.
const FLOOR_MS = 0.1;
// The scale reaches at least so far up, so that it does not jump with every hiccup.
const CEILING_MS = 1000;
// With more points than that in a line, dots would only thicken it.
const MAX_DOTS = 160;
const DOT_RADIUS = 2;

/** The delays of all transports over time, on a logarithmic scale: each grid line is ten times the one below. */
export class LabChart {
  #canvas;
  #spanMs;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {number} spanMs how far back it shows
   */
  constructor(canvas, spanMs) {
    this.#canvas = canvas;
    this.#spanMs = spanMs;
  }

  /**
   * @param {[number[], ...(number | null)[][]]} columns times and delays
   * @param {number} nowMs the server's time, at the right edge
   * @param {ReadonlySet<number>} hidden series that are not shown
   */
  show([times, ...delays], nowMs, hidden) {
    const context = this.#clear();
    if (context === null) return;
    const style = getComputedStyle(this.#canvas);
    const { clientWidth, clientHeight } = this.#canvas;
    const plot = {
      left: MARGIN.left,
      top: MARGIN.top,
      width: clientWidth - MARGIN.left - MARGIN.right,
      height: clientHeight - MARGIN.top - MARGIN.bottom,
    };
    const decades = Math.log10(ceilingOf(delays) / FLOOR_MS);
    const x = (/** @type {number} */ time) => plot.left + plot.width * (1 + (time - nowMs) / this.#spanMs);
    const y = (/** @type {number} */ ms) =>
      plot.top + plot.height * (1 - Math.log10(Math.max(FLOOR_MS, ms) / FLOOR_MS) / decades);
    this.#drawGrid(context, style, plot, decades);
    context.save();
    context.beginPath();
    context.rect(plot.left, 0, plot.width + MARGIN.right, clientHeight);
    context.clip();
    for (const [index, column] of delays.entries()) {
      if (hidden.has(index)) continue;
      context.strokeStyle = context.fillStyle = style.getPropertyValue(`--series-${index + 1}`);
      drawSeries(context, pointsOf(times, column, x, y));
    }
    context.restore();
  }

  // As many pixels as the screen has, whatever the size and the zoom are now.
  #clear() {
    const { clientWidth, clientHeight } = this.#canvas;
    const ratio = devicePixelRatio;
    this.#canvas.width = Math.round(clientWidth * ratio);
    this.#canvas.height = Math.round(clientHeight * ratio);
    const context = this.#canvas.getContext('2d');
    context?.scale(ratio, ratio);
    return context;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {CSSStyleDeclaration} style
   * @param {Plot} plot
   * @param {number} decades
   */
  #drawGrid(context, style, plot, decades) {
    context.font = `12px ${style.fontFamily}`;
    context.fillStyle = style.getPropertyValue('--muted');
    context.strokeStyle = style.getPropertyValue('--line');
    context.lineWidth = 1;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (let decade = 0; decade <= decades; decade++) {
      const at = Math.round(plot.top + plot.height * (1 - decade / decades)) + 0.5;
      line(context, plot.left, at, plot.left + plot.width, at);
      context.fillText(labelOf(FLOOR_MS * 10 ** decade), plot.left - 8, at);
    }
    context.textAlign = 'center';
    context.textBaseline = 'top';
    const spanSeconds = this.#spanMs / 1000;
    // On a narrow screen every second label, or they would touch.
    const step = plot.width < 420 ? 2 * GRID_SECONDS : GRID_SECONDS;
    for (let ago = 0; ago <= spanSeconds; ago += step) {
      const at = Math.round(plot.left + plot.width * (1 - ago / spanSeconds)) + 0.5;
      line(context, at, plot.top, at, plot.top + plot.height);
      context.fillText(ago === 0 ? 'now' : `−${ago} s`, at, plot.top + plot.height + 8);
    }
  }
}

/**
 * @param {readonly number[]} times
 * @param {readonly (number | null)[]} delays
 * @param {(time: number) => number} x
 * @param {(delay: number) => number} y
 */
function pointsOf(times, delays, x, y) {
  /** @type {[number, number][]} */
  const points = [];
  for (const [row, delay] of delays.entries()) {
    if (delay !== null) points.push([x(times[row] ?? 0), y(delay)]);
  }
  return points;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {readonly [number, number][]} points
 */
function drawSeries(context, points) {
  context.lineWidth = 1.75;
  context.lineJoin = 'round';
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
  if (points.length > MAX_DOTS) return;
  context.beginPath();
  for (const [x, y] of points) {
    context.moveTo(x + DOT_RADIUS, y);
    context.arc(x, y, DOT_RADIUS, 0, 2 * Math.PI);
  }
  context.fill();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} fromX
 * @param {number} fromY
 * @param {number} toX
 * @param {number} toY
 */
function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

/** @param {readonly (readonly (number | null)[])[]} columns */
function ceilingOf(columns) {
  let ceiling = CEILING_MS;
  for (const column of columns) {
    for (const delay of column) while (delay !== null && delay > ceiling) ceiling *= 10;
  }
  return ceiling;
}

/** @param {number} ms a power of ten */
function labelOf(ms) {
  if (ms < 0.5) return `≤ ${FLOOR_MS} ms`;
  return formatDuration(Math.round(ms)).replace('.0', '');
}

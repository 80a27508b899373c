import { randomBytes } from 'node:crypto';
import { EventSource, type Pace } from './event-source.ts';
import { LAB_LIMITS } from './limits.ts';
import type { LabEvent } from './messages.ts';

/** What a stream tells its lab. */
export interface StreamHandler {
  onEvents(events: readonly LabEvent[]): void;
  /** It has stopped by itself: its page has changed nothing for a long time. */
  onIdle(): void;
}

const TICK_MS = 5;
const FIRST_PACE: Pace = Object.freeze({ rate: 10, payloadBytes: 256 });

/** The events that happen for one page, and when they stop. */
export class Stream {
  /** Names the stream; who knows it may read it. */
  readonly id = randomBytes(12).toString('base64url');
  readonly #source = new EventSource(FIRST_PACE);
  readonly #handler: StreamHandler;
  #timer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(handler: StreamHandler) {
    this.#handler = handler;
  }

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  get pace(): Pace {
    return this.#source.pace;
  }

  /** Take a wish of the page, as far as the limits go. Whatever it is, the page is alive. */
  change({ rate, payloadBytes, isRunning }: Readonly<Record<string, unknown>>): void {
    const { pace } = this.#source;
    this.#source.pace = {
      rate: clamp(rate, LAB_LIMITS.rate) ?? pace.rate,
      payloadBytes: Math.round(clamp(payloadBytes, LAB_LIMITS.payloadBytes) ?? pace.payloadBytes),
    };
    if (isRunning === false) this.stop();
    else this.start();
  }

  /** Let events happen. */
  start(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      this.stop();
      this.#handler.onIdle();
    }, LAB_LIMITS.idleMs);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  /** No more events. */
  stop(): void {
    clearTimeout(this.#idleTimer);
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#source.pause();
  }

  #tick(): void {
    const events = this.#source.take(performance.timeOrigin + performance.now());
    if (events.length > 0) this.#handler.onEvents(events);
  }
}

function clamp(
  value: unknown,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  return typeof value === 'number' && Number.isFinite(value)
    ? Math.min(max, Math.max(min, value))
    : undefined;
}

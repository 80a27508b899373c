import type { Client } from './client.ts';
import type { Tally } from './tally.ts';

/** Decides when messages are sent. */
export interface Pacer {
  start(): void;
  /** A client's message was answered or given up. */
  hasRoom(client: Client): void;
  /** Send no more. */
  stop(): void;
}

/** Sends one message over a client; the time from which its latency counts is given. */
export type SendOver = (client: Client, dueMs: number) => void;

/** Keeps a number of messages unanswered on each connection: the next one follows an answer. */
export class ClosedLoop implements Pacer {
  readonly #clients: readonly Client[];
  readonly #inFlight: number;
  readonly #send: SendOver;
  #isRunning = false;

  constructor(clients: readonly Client[], inFlight: number, send: SendOver) {
    this.#clients = clients;
    this.#inFlight = inFlight;
    this.#send = send;
  }

  start(): void {
    this.#isRunning = true;
    for (const client of [...this.#clients]) {
      for (let count = 0; count < this.#inFlight; count++) this.#send(client, performance.now());
    }
  }

  hasRoom(client: Client): void {
    if (this.#isRunning && client.isOpen) this.#send(client, performance.now());
  }

  stop(): void {
    this.#isRunning = false;
  }
}

// Timers are a millisecond late or two. The last stretch before a message is due is waited for in turns of the event
// loop, so that what is measured is not the timer.
const SPIN_MS = 2;
const ROOM_CHECK_MS = 1;
// Between them, answers are read.
const MAX_SENDS_PER_TURN = 256;

/**
 * Sends on a schedule that does not wait for answers. A message's latency counts from when it was due, also where it
 * could be sent only later: a server that pauses is charged for the whole pause, by every message due in it.
 */
export class FixedRate implements Pacer {
  readonly #clients: readonly Client[];
  readonly #perMs: number;
  readonly #total: number;
  readonly #maxUnanswered: number;
  readonly #tally: Tally;
  readonly #send: SendOver;
  #startedAtMs = 0;
  #scheduled = 0;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(
    clients: readonly Client[],
    rate: {
      readonly messagesPerSecond: number;
      readonly durationMs: number;
      readonly maxUnanswered: number;
    },
    tally: Tally,
    send: SendOver,
  ) {
    this.#clients = clients;
    this.#perMs = rate.messagesPerSecond / 1000;
    this.#total = Math.ceil(rate.durationMs * this.#perMs);
    this.#maxUnanswered = rate.maxUnanswered;
    this.#tally = tally;
    this.#send = send;
  }

  start(): void {
    this.#startedAtMs = performance.now();
    this.#turn();
  }

  hasRoom(): void {}

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    // What came due since the last turn is not what could not be sent.
    this.#sendWhatIsDue();
    this.#tally.unsent += this.#dueBy(performance.now()) - this.#scheduled;
  }

  #turn(): void {
    this.#sendWhatIsDue();
    if (this.#scheduled === this.#total) return;
    const hasRoom = this.#tally.pending < this.#maxUnanswered && this.#clients.length > 0;
    const waitMs = hasRoom ? this.#timeOf(this.#scheduled) - performance.now() - SPIN_MS : ROOM_CHECK_MS;
    if (waitMs > 0) this.#timer = setTimeout(() => this.#turn(), waitMs);
    else this.#immediate = setImmediate(() => this.#turn());
  }

  #sendWhatIsDue(): void {
    const last = Math.min(this.#dueBy(performance.now()), this.#scheduled + MAX_SENDS_PER_TURN);
    while (this.#scheduled < last && this.#tally.pending < this.#maxUnanswered) {
      const client = this.#clients[this.#scheduled % this.#clients.length];
      if (client === undefined) return;
      const dueMs = this.#timeOf(this.#scheduled++);
      this.#tally.sendDelays.record(performance.now() - dueMs);
      this.#send(client, dueMs);
    }
  }

  #dueBy(timeMs: number): number {
    return Math.min(this.#total, Math.floor((timeMs - this.#startedAtMs) * this.#perMs) + 1);
  }

  #timeOf(index: number): number {
    return this.#startedAtMs + index / this.#perMs;
  }
}

/** Sends nothing. */
export const SILENCE: Pacer = Object.freeze({ start() {}, hasRoom() {}, stop() {} });

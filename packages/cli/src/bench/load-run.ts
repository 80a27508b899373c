import { performance } from 'node:perf_hooks';
import { Client, type ClientOwner } from './client.ts';
import { type BenchOptions, maxUnanswered } from './options.ts';
import { ClosedLoop, FixedRate, type Pacer, SILENCE } from './pacers.ts';
import { deadline, pause } from './pause.ts';
import { Tally } from './tally.ts';
import type { Target } from './target.ts';

/** Handshakes under way at a time. */
const MAX_HANDSHAKES = 128;
const EXPIRE_INTERVAL_MS = 100;
/** How long answers are waited for once the user has ended the run. */
const INTERRUPTED_WAIT_MS = 1000;
/** How long servers may take to answer that we close. */
const CLOSE_WAIT_MS = 2000;

/** What was counted while the load was on. */
export interface LoadWindow {
  readonly durationMs: number;
  readonly sent: number;
  readonly received: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** The share of this time in which this process's event loop was busy, from 0 to 1. */
  readonly utilization: number;
}

/** What a run is doing. */
export type LoadPhase = 'connecting' | 'running' | 'waiting for answers' | 'closing';

/** One run: connect, load, wait for the last answers, close. */
export class LoadRun implements ClientOwner {
  readonly tally = new Tally();
  readonly #options: BenchOptions;
  readonly #target: Target;
  readonly #interrupted: AbortSignal;
  /** Those that are open. */
  readonly #clients: Client[] = [];
  readonly #connecting = new Set<Client>();
  readonly #allEnded = new AbortController();
  #pacer: Pacer = SILENCE;
  #phase: LoadPhase = 'connecting';
  #phaseStartedAtMs = performance.now();
  #sequence = 0;
  #wake = () => {};

  /** @param interrupted - the user wants an early end */
  constructor(options: BenchOptions, target: Target, interrupted: AbortSignal) {
    this.#options = options;
    this.#target = target;
    this.#interrupted = interrupted;
  }

  get phase(): LoadPhase {
    return this.#phase;
  }

  /** How long the phase has lasted, in milliseconds. */
  get phaseMs(): number {
    return performance.now() - this.#phaseStartedAtMs;
  }

  /** Connections that are open now. */
  get openNow(): number {
    return this.#clients.length;
  }

  /**
   * Run to the end, or to where it is interrupted.
   *
   * @throws {USAGE} when the client refuses the address or an option
   */
  async run(): Promise<LoadWindow | undefined> {
    const expiry = setInterval(() => this.#expire(), EXPIRE_INTERVAL_MS);
    try {
      await this.#connect();
      if (this.tally.opened === 0) return undefined;
      const window = await this.#load();
      await this.#waitForAnswers();
      return window;
    } finally {
      clearInterval(expiry);
      await this.#close();
    }
  }

  settled(client: Client): void {
    this.#connecting.delete(client);
    if (client.isOpen) this.#clients.push(client);
    this.#wake();
  }

  hasRoom(client: Client): void {
    this.#pacer.hasRoom(client);
    if (this.tally.pending === 0) this.#wake();
  }

  ended(client: Client): void {
    const index = this.#clients.indexOf(client);
    if (index !== -1) this.#clients.splice(index, 1);
    if (this.#clients.length === 0 && this.#phase === 'running') this.#allEnded.abort();
    this.#wake();
  }

  async #connect(): Promise<void> {
    const { connections, connectsPerSecond, timeoutMs } = this.#options;
    const startedAtMs = performance.now();
    for (let index = 0; index < connections; index++) {
      if (connectsPerSecond !== undefined) {
        const waitMs = startedAtMs + (index * 1000) / connectsPerSecond - performance.now();
        if (waitMs > 1) await pause(waitMs, this.#interrupted);
      }
      await this.#until(() => this.#connecting.size < MAX_HANDSHAKES, this.#interrupted);
      if (this.#interrupted.aborted) return;
      this.#connecting.add(new Client(this.#target, this.tally, this, timeoutMs));
    }
    await this.#until(() => this.#connecting.size === 0, this.#interrupted);
  }

  async #load(): Promise<LoadWindow> {
    this.#enter('running');
    const { tally } = this;
    const { sent, received, sentBytes, receivedBytes } = tally;
    const startedAtMs = performance.now();
    const busyBefore = performance.eventLoopUtilization();
    if (!this.#interrupted.aborted) this.#pacer = this.#createPacer();
    this.#pacer.start();
    const { durationMs } = this.#options;
    if (this.#clients.length === 0) this.#allEnded.abort();
    await pause(durationMs, AbortSignal.any([this.#interrupted, this.#allEnded.signal]));
    this.#pacer.stop();
    return {
      durationMs: performance.now() - startedAtMs,
      sent: tally.sent - sent,
      received: tally.received - received,
      sentBytes: tally.sentBytes - sentBytes,
      receivedBytes: tally.receivedBytes - receivedBytes,
      utilization: performance.eventLoopUtilization(busyBefore).utilization,
    };
  }

  async #waitForAnswers(): Promise<void> {
    this.#enter('waiting for answers');
    const { timeoutMs } = this.#options;
    const waitMs = this.#interrupted.aborted ? Math.min(INTERRUPTED_WAIT_MS, timeoutMs) : timeoutMs;
    const impatience = new AbortController();
    const onInterrupt = () => setTimeout(() => impatience.abort(), INTERRUPTED_WAIT_MS).unref();
    this.#interrupted.addEventListener('abort', onInterrupt, { once: true });
    await this.#until(() => this.tally.pending === 0, deadline(waitMs, impatience.signal));
    this.#interrupted.removeEventListener('abort', onInterrupt);
    const reason = this.#interrupted.aborted ? 'interrupted' : 'no answer in time';
    for (const client of this.#clients) client.abandon(reason);
  }

  async #close(): Promise<void> {
    this.#enter('closing');
    for (const client of [...this.#connecting, ...this.#clients]) client.close();
    await this.#until(() => this.#clients.length === 0, AbortSignal.timeout(CLOSE_WAIT_MS));
  }

  #createPacer(): Pacer {
    const { mode, messagesPerSecond, inFlight, size, durationMs } = this.#options;
    if (mode !== 'echo') return SILENCE;
    const send = (client: Client, dueMs: number) => client.send(this.#sequence++, size, dueMs);
    if (messagesPerSecond === undefined) return new ClosedLoop(this.#clients, inFlight, send);
    const rate = { messagesPerSecond, durationMs, maxUnanswered: maxUnanswered(this.#options) };
    return new FixedRate(this.#clients, rate, this.tally, send);
  }

  #expire(): void {
    const timeMs = performance.now() - this.#options.timeoutMs;
    for (const client of [...this.#clients]) client.expire(timeMs);
  }

  #enter(phase: LoadPhase): void {
    this.#phase = phase;
    this.#phaseStartedAtMs = performance.now();
  }

  /** Wait until something is so, looking again at each event; or until the signal. */
  async #until(isSo: () => boolean, signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake();
    signal.addEventListener('abort', wake, { once: true });
    while (!isSo() && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    signal.removeEventListener('abort', wake);
  }
}

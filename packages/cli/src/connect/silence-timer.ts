/**
 * Runs out when nothing has happened for a while. It counts only once it was started: before the input's
 * end, silence means nothing.
 */
export class SilenceTimer {
  readonly #silenceMs: number;
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param silenceMs - how long nothing may happen; Infinity for ever
   * @param onSilence - is called once when the time is over
   */
  constructor(silenceMs: number, onSilence: () => void) {
    this.#silenceMs = silenceMs;
    this.#onSilence = onSilence;
  }

  /** Begin to count. */
  start(): void {
    if (Number.isFinite(this.#silenceMs)) this.#timer ??= setTimeout(this.#onSilence, this.#silenceMs);
  }

  /** Something happened: count again from now, also where it had run out. */
  touch(): void {
    this.#timer?.refresh();
  }

  /** Never run out. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}

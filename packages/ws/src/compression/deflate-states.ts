import { constants, type ZlibOptions } from 'node:zlib';
import { inOwnContext } from '../async-context.ts';
import { clearInterval, setInterval } from '../event-loop.ts';
import { withoutTail } from './deflate.ts';
import type { MessageHistory } from './message-history.ts';
import { openDeflation, type ZlibState } from './zlib-state.ts';

/** Each takes 160 KiB, or 270 without context takeover: at most 20 MiB, or 34. */
const MAX_STATES = 128;

/** One that was not used for so long is given back, or twice that. */
const IDLE_MS = 1_000;

/** The smallest window that `zlib` can do. */
const MIN_WINDOW_BITS = 9;

/** A state that stands at the end of a history. */
interface DeflateState {
  readonly zlib: ZlibState;
  /** It can be taken back to where it was opened, as long as that is where its history ends. */
  canRestart: boolean;
  /** What it made since; it stands behind that. */
  output: Uint8Array | null;
  isUsed: boolean;
}

/**
 * The states of `zlib` that compress what is sent, for all connections. Each follows one history: it is kept while
 * messages are sent one soon after another, and can be made again from the history at any time, so that it is given
 * back when nothing is sent. More connections than there are states compress without, which takes longer.
 *
 * A state looks back no further than its history does: histories that are alike can stand for each other.
 */
export class DeflateStates {
  readonly #byHistory = new Map<MessageHistory, DeflateState>();
  #timer: NodeJS.Timeout | null = null;

  /** How many there are. */
  get size(): number {
    return this.#byHistory.size;
  }

  /**
   * Compresses a message that may refer to `history`, or a fragment of one.
   *
   * @param isFinal - the message ends here
   * @returns `null` where there is no state for it
   */
  deflate(
    data: Uint8Array,
    history: MessageHistory,
    options: ZlibOptions,
    isFinal: boolean,
  ): Uint8Array | null {
    // Without data it would find nothing to do.
    if (data.length === 0 || (history.maxBytes > 0 && data.length > history.maxBytes)) return null;
    try {
      const state = this.#standingAt(history) ?? this.#open(history, options);
      if (state === null) return null;
      state.isUsed = true;
      state.output = withoutTail(state.zlib.run(data, constants.Z_SYNC_FLUSH).buffer, isFinal);
      return state.output;
    } catch {
      // Memory did not suffice.
      this.#close(history);
      return null;
    }
  }

  /**
   * Takes in that a message was sent: `next` is the history after that. What stood at `history` goes along or is given
   * back: mostly nobody else has that, and those that nobody uses leave no room for others.
   *
   * @param output - as what it was sent; `null` where it was compressed with another history
   */
  advance(history: MessageHistory, output: Uint8Array | null, next: MessageHistory): void {
    const state = this.#byHistory.get(history);
    if (state === undefined || next === history) return;
    if (output === null || state.output !== output) {
      this.#close(history);
      return;
    }
    this.#byHistory.delete(history);
    this.#close(next);
    this.#byHistory.set(next, state);
    state.output = null;
    state.canRestart = false;
  }

  /** Gives back what was not used since the last time. */
  sweep(): void {
    for (const [history, state] of this.#byHistory) {
      if (!state.isUsed) this.#close(history);
      state.isUsed = false;
    }
    if (this.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #standingAt(history: MessageHistory): DeflateState | undefined {
    const state = this.#byHistory.get(history);
    // What it made was not sent.
    if (state === undefined || state.output === null) return state;
    if (state.canRestart) {
      state.zlib.restart();
      return state;
    }
    this.#close(history);
    return undefined;
  }

  #open(history: MessageHistory, options: ZlibOptions): DeflateState | null {
    if (this.size >= MAX_STATES) return null;
    const { windowBits, maxBytes, end } = history;
    const reachBits = maxBytes > 0 ? Math.log2(maxBytes) : windowBits;
    const zlib = openDeflation({
      ...options,
      windowBits: Math.max(MIN_WINDOW_BITS, reachBits),
      ...(end !== undefined && { dictionary: end }),
    });
    if (zlib === null) return null;
    const state: DeflateState = { zlib, canRestart: true, output: null, isUsed: true };
    this.#byHistory.set(history, state);
    this.#timer ??= inOwnContext(() => setInterval(() => this.sweep(), IDLE_MS).unref());
    return state;
  }

  #close(history: MessageHistory): void {
    this.#byHistory.get(history)?.zlib.close();
    this.#byHistory.delete(history);
  }
}

export const deflateStates = new DeflateStates();

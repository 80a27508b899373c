import type { DeflateAgreement, Role } from '@hawser/protocol/websocket';
import { setImmediate } from '../event-loop.ts';
import type { CompressionSettings } from './compression-options.ts';
import {
  type DeflateParams,
  deflateLater,
  deflateNow,
  type InflateFault,
  inflateLater,
  inflateNow,
} from './deflate.ts';
import { deflateStates } from './deflate-states.ts';
import { type CancelJob, JobQueue } from './job-queue.ts';
import { MessageHistory } from './message-history.ts';
import { PeerWindow } from './peer-window.ts';

/** Up to this many bytes a message is compressed at once; above, on another thread, which costs some 50 µs. */
const MAX_SYNC_DEFLATE_BYTES = 32_768;

/** So much may be inflated at once: a millisecond or less, whatever the compressed message looks like. */
const MAX_SYNC_INFLATE_BYTES = 131_072;

/** A compressed message above this is inflated on another thread without trying. */
const MAX_SYNC_INFLATE_INPUT_BYTES = 32_768;

/**
 * So much may be inflated at once within one turn of the event loop, over all connections. A chunk of 64 KiB may hold
 * 400 messages that become 128 KiB each: then every eighth makes a detour by another thread, and lets others in.
 */
const MAX_SYNC_INFLATE_BYTES_A_TURN = 1_048_576;

/** What a message costs however short it is, as so many bytes. */
const INFLATE_CALL_BYTES = 2048;

/**
 * What is kept of one's own messages for context takeover. `zlib` has to take it in again for each message, at
 * some 1.2 µs for each KiB; the last 8 KiB are worth nine tenths of all 32 in messages that resemble each other.
 */
const MAX_OWN_HISTORY_BYTES = 8192;

/** permessage-deflate for one endpoint: its settings, and its jobs on other threads. */
export class Compressor {
  readonly settings: CompressionSettings;
  readonly jobs: JobQueue;
  readonly #role: Role;
  /** Without context takeover there is no state, and connections that agreed on the same share what they use. */
  readonly #stateless = new Map<number, Deflation>();
  /** By their parameters. */
  readonly #beginnings = new Map<string, MessageHistory>();
  /** What was inflated at once in this turn. */
  #inflatedBytes = 0;

  constructor(settings: CompressionSettings, role: Role) {
    this.settings = settings;
    this.jobs = new JobQueue(settings.maxJobs);
    this.#role = role;
  }

  /** Something may still be inflated at once in this turn. */
  get mayInflateNow(): boolean {
    return this.#inflatedBytes < MAX_SYNC_INFLATE_BYTES_A_TURN;
  }

  /** Takes in that so many bytes were inflated at once. */
  inflatedNow(byteLength: number): void {
    if (this.#inflatedBytes === 0) setImmediate(this.#beginTurn);
    this.#inflatedBytes += Math.max(byteLength, INFLATE_CALL_BYTES);
  }

  readonly #beginTurn = (): void => {
    this.#inflatedBytes = 0;
  };

  /** Returns what a connection with this agreement compresses and inflates with. */
  agree(agreement: DeflateAgreement): Deflation {
    const isServer = this.#role === 'server';
    const { serverMaxWindowBits, clientMaxWindowBits } = agreement;
    const { serverNoContextTakeover, clientNoContextTakeover } = agreement;
    const ownBits = isServer ? serverMaxWindowBits : clientMaxWindowBits;
    const peerBits = isServer ? clientMaxWindowBits : serverMaxWindowBits;
    const isOwnAlone = isServer ? serverNoContextTakeover : clientNoContextTakeover;
    const isPeerAlone = isServer ? clientNoContextTakeover : serverNoContextTakeover;
    const ownBytes = isOwnAlone ? 0 : Math.min(2 ** ownBits, MAX_OWN_HISTORY_BYTES);
    const own = this.begin(ownBits, ownBytes);
    const peer = new PeerWindow(isPeerAlone ? 0 : 2 ** peerBits);
    if (!isOwnAlone || !isPeerAlone) return new Deflation(this, own, peer);
    const shared = this.#stateless.get(ownBits) ?? new Deflation(this, own, peer);
    this.#stateless.set(ownBits, shared);
    return shared;
  }

  /** Returns the history of who has sent nothing, the same for all. */
  begin(windowBits: number, maxBytes: number): MessageHistory {
    const key = `${windowBits} ${maxBytes}`;
    const beginning = this.#beginnings.get(key) ?? new MessageHistory(windowBits, maxBytes);
    this.#beginnings.set(key, beginning);
    return beginning;
  }
}

/** What connections compress and inflate with: one for each, or for all where no context is taken over. */
export class Deflation {
  /** What our next message may refer to: whoever has the same can be sent the same compressed message. */
  history: MessageHistory;
  readonly #compressor: Compressor;
  readonly #peerWindow: PeerWindow;

  constructor(compressor: Compressor, own: MessageHistory, peer: PeerWindow) {
    this.#compressor = compressor;
    this.history = own;
    this.#peerWindow = peer;
  }

  /** For a message that may refer to nothing. */
  get noHistory(): MessageHistory {
    return this.#compressor.begin(this.history.windowBits, 0);
  }

  /** Tells whether a message of so many bytes is worth compressing. */
  isWorthwhile(byteLength: number): boolean {
    return byteLength >= this.#compressor.settings.thresholdBytes;
  }

  /**
   * Compresses a message, where that is a matter of a millisecond.
   *
   * @param history - what it may refer to
   * @returns `null` where it takes longer: then {@link deflateLater} does it
   */
  deflate(data: Uint8Array, history = this.history): Uint8Array | null {
    return data.length > MAX_SYNC_DEFLATE_BYTES ? null : this.#deflate(data, history, true);
  }

  /**
   * Compresses a message on another thread, with the history of now: it has to be the next that is sent.
   * @param done - gets `null` where memory did not suffice
   */
  deflateLater(
    data: Uint8Array,
    done: (deflated: Uint8Array | null) => void,
    history = this.history,
  ): CancelJob {
    const params = this.#paramsFor(history, true);
    return this.#compressor.jobs.run((jobDone) => {
      deflateLater(data, params, (deflated) => {
        jobDone();
        done(deflated);
      });
    });
  }

  /** Compresses a fragment, whatever its size. */
  deflateFragment(data: Uint8Array, isFinal: boolean): Uint8Array {
    return this.#deflate(data, this.history, isFinal);
  }

  /**
   * Takes in that `data` was sent as `deflated`: what comes next may refer to it.
   * @param deflated - `null` where it was compressed with another history
   */
  sent(data: Uint8Array, deflated: Uint8Array | null): void {
    const before = this.history;
    this.history = before.after(data);
    deflateStates.advance(before, deflated, this.history);
  }

  /**
   * Inflates a message at once, where that is a matter of a millisecond.
   * @returns `null` where it is not: then {@link inflateLater} does it
   */
  inflate(data: Uint8Array, maxBytes: number): Uint8Array | InflateFault | null {
    if (data.length > MAX_SYNC_INFLATE_INPUT_BYTES || !this.#compressor.mayInflateNow) return null;
    const maxNowBytes = Math.min(maxBytes, MAX_SYNC_INFLATE_BYTES);
    const inflated = inflateNow(data, this.#peerWindow.pieces, maxNowBytes);
    this.#compressor.inflatedNow(inflated instanceof Uint8Array ? inflated.length : maxNowBytes);
    const isTooLong = inflated === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' && maxNowBytes < maxBytes;
    return inflated === null || isTooLong ? null : this.#received(inflated);
  }

  /** Inflates a message on another thread. The next one has to wait until it is done. */
  inflateLater(
    data: Uint8Array,
    maxBytes: number,
    done: (inflated: Uint8Array | InflateFault) => void,
  ): CancelJob {
    return this.#compressor.jobs.run((jobDone) => {
      inflateLater(data, this.#peerWindow.pieces, maxBytes, (inflated) => {
        jobDone();
        done(this.#received(inflated));
      });
    });
  }

  #deflate(data: Uint8Array, history: MessageHistory, isFinal: boolean): Uint8Array {
    const deflated = deflateStates.deflate(data, history, this.#compressor.settings.zlib, isFinal);
    return deflated ?? deflateNow(data, this.#paramsFor(history, isFinal));
  }

  #paramsFor(history: MessageHistory, isFinal: boolean): DeflateParams {
    return {
      windowBits: history.windowBits,
      dictionary: history.end,
      isFinal,
      zlib: this.#compressor.settings.zlib,
    };
  }

  #received(inflated: Uint8Array | InflateFault): Uint8Array | InflateFault {
    if (typeof inflated !== 'string') this.#peerWindow.push(inflated);
    return inflated;
  }
}

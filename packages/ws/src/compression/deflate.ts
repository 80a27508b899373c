import {
  constants,
  deflateRaw,
  deflateRawSync,
  inflateRaw,
  inflateRawSync,
  type ZlibOptions,
} from 'node:zlib';
import { chunkSize, faultOf, type InflateFault, Inflation, MAX_CHUNK_BYTES } from './inflation.ts';
import { openInflation, type ZlibState } from './zlib-state.ts';

export type { InflateFault } from './inflation.ts';

/** What `zlib` wants in a window beyond what it looks back on (its MIN_LOOKAHEAD). */
const LOOKAHEAD_BYTES = 262;

/** The end of an empty stored block, which the sender leaves out (RFC 7692 section 7.2.1). */
const TAIL_BYTES = 4;

/**
 * So often `zlib` is run at once for one message: for its last block, and for the byte behind that (RFC 7692 section
 * 7.2.3.4). With 250 last blocks, 500 bytes would cost as much as inflating half a megabyte.
 */
const MAX_RUNS_NOW = 2;

/** What a deflation depends on. */
export interface DeflateParams {
  /** Base-2 logarithm of the window, 8 to 15. */
  readonly windowBits: number;
  /** What went before, if it may be referred to. */
  readonly dictionary: Uint8Array | undefined;
  /** The message ends here: the end of the last block is left out. */
  readonly isFinal: boolean;
  readonly zlib: ZlibOptions;
}

/**
 * Compresses a message, or a fragment of one.
 * @see RFC 7692 section 7.2.1
 */
export function deflateNow(data: Uint8Array, params: DeflateParams): Uint8Array {
  return withoutTail(deflateRawSync(data, deflateOptions(data, params)), params.isFinal);
}

/** As {@link deflateNow}, on another thread. Where memory does not suffice, `done` gets `null`, maybe at once. */
export function deflateLater(
  data: Uint8Array,
  params: DeflateParams,
  done: (deflated: Uint8Array | null) => void,
): void {
  startSafely(
    () =>
      deflateRaw(data, deflateOptions(data, params), (error, deflated) => {
        done(error === null ? withoutTail(deflated, params.isFinal) : null);
      }),
    () => done(null),
  );
}

/**
 * Inflates a message that has no more than one last block, as nearly all have.
 *
 * @param before - what the message may refer to, in order
 * @param maxBytes - of the message; its output beyond that never exists
 * @returns `null` where another block follows the last one: then {@link inflateLater} does it
 * @see RFC 7692 sections 7.2.2 and 7.2.3.4
 */
export function inflateNow(
  data: Uint8Array,
  before: readonly Uint8Array[],
  maxBytes: number,
): Uint8Array | InflateFault | null {
  const inflation = new Inflation(data, before, maxBytes, chunkSize(data.length * 4));
  try {
    for (let runs = 0; runs < MAX_RUNS_NOW; runs++) {
      const result = inflation.take(runNow(inflation));
      if (result !== null) return result;
    }
    return null;
  } catch (error) {
    return faultOf(error);
  }
}

/** One for all: it keeps nothing of a message. `null` where Node has none to be used so, `undefined` before the first. */
let state: ZlibState | null | undefined;

function runNow(inflation: Inflation): unknown {
  state ??= openInflation();
  if (state === null) return inflateRawSync(inflation.input, inflation.options);
  state.restart(inflation.before);
  return state.run(inflation.input, constants.Z_FINISH, inflation.maxBytes);
}

/** Inflates any message on another thread; where it fails, `done` is maybe called at once. */
export function inflateLater(
  data: Uint8Array,
  before: readonly Uint8Array[],
  maxBytes: number,
  done: (inflated: Uint8Array | InflateFault) => void,
): void {
  // Each chunk is a trip to the other thread, and a message that is inflated there is large, or becomes so.
  runInflation(new Inflation(data, before, maxBytes, MAX_CHUNK_BYTES), done);
}

function runInflation(inflation: Inflation, done: (inflated: Uint8Array | InflateFault) => void): void {
  startSafely(
    () =>
      inflateRaw(inflation.input, inflation.options, (error, run) => {
        const result = error === null ? inflation.take(run) : faultOf(error);
        if (result === null) runInflation(inflation, done);
        else done(result);
      }),
    (error) => done(faultOf(error)),
  );
}

/** `zlib` throws where it cannot get its memory, and jobs begin where nobody expects that: as others end. */
function startSafely(start: () => void, failed: (error: unknown) => void): void {
  try {
    start();
  } catch (error) {
    failed(error);
  }
}

/**
 * A window no larger than the message saves the time to clear one of 32 KiB, half of that for a small message
 * (`npm run bench -- --only deflate-echo`).
 */
function deflateOptions(data: Uint8Array, { windowBits, dictionary, zlib }: DeflateParams): ZlibOptions {
  const reachableBytes = data.length + (dictionary?.length ?? 0) + LOOKAHEAD_BYTES;
  // `zlib` cannot do 8; with 9 it looks back no further than 512 less its lookahead, which is within 256.
  const neededBits = Math.max(9, Math.ceil(Math.log2(reachableBytes)));
  return {
    ...zlib,
    windowBits: Math.min(neededBits, Math.max(9, windowBits)),
    chunkSize: chunkSize(data.length + 64),
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(dictionary !== undefined && { dictionary }),
  };
}

/** An empty message leaves nothing, and stands as one stored block's first byte (RFC 7692 section 7.2.3.6). */
export function withoutTail(deflated: Uint8Array, isFinal: boolean): Uint8Array {
  return isFinal ? deflated.subarray(0, deflated.length - TAIL_BYTES) : deflated;
}

import { constants as bufferLimits } from 'node:buffer';
import type { ZlibOptions } from 'node:zlib';
import type { ZlibRun } from './zlib-state.ts';

/** Why a message cannot be inflated. */
export type InflateFault = 'WS_ERR_INVALID_COMPRESSED_DATA' | 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';

/**
 * The end of an empty stored block, which the sender leaves out (RFC 7692 section 7.2.1), and an empty last block:
 * `zlib` then tells a message that ends in the middle of a block from a whole one.
 */
const TAIL_AND_END = Buffer.from([0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff]);

/**
 * Where a message may end, less what was sent: with a last block (some leave out the byte that should follow it),
 * with one that is empty and stored, with ours. A block that ends elsewhere took for its own what was appended.
 */
const ENDS: readonly number[] = [0, -4, -TAIL_AND_END.length];

/** So many of a message's blocks may say that they are the last; each costs a start of `zlib`. */
const MAX_LAST_BLOCKS = 256;

/** The farthest that DEFLATE refers back (RFC 1951 section 2). */
const MAX_WINDOW_BYTES = 32_768;

const MIN_CHUNK_BYTES = 1024;
export const MAX_CHUNK_BYTES = 65_536;

/**
 * One message on its way through `zlib`, which stops at a last block, although more may follow it (RFC 7692
 * section 7.2.3.4): then it is run again, for the rest.
 */
export class Inflation {
  #input: Buffer;
  /** Bytes of the input that the sender sent. */
  #sentBytes: number;
  /** What the message may refer to, in order. */
  #before: readonly Uint8Array[];
  #leftBytes: number;
  readonly #chunkBytes: number;
  readonly #parts: Buffer[] = [];

  /**
   * @param before - what the message may refer to, in order
   * @param maxBytes - of the message; its output beyond that never exists
   * @param chunkBytes - by so much at a time output is allocated
   */
  constructor(data: Uint8Array, before: readonly Uint8Array[], maxBytes: number, chunkBytes: number) {
    this.#input = Buffer.concat([data, TAIL_AND_END]);
    this.#sentBytes = data.length;
    this.#before = before;
    this.#leftBytes = maxBytes;
    this.#chunkBytes = chunkBytes;
  }

  /** For the next run. */
  get input(): Uint8Array {
    return this.#input;
  }

  /** For the next run, by a state of ours. */
  get before(): readonly Uint8Array[] {
    return this.#before;
  }

  /** For the next run, by a state of ours. */
  get maxBytes(): number {
    return this.#leftBytes;
  }

  /** For the next run, by a function of `zlib`. */
  get options(): ZlibOptions {
    return {
      info: true,
      chunkSize: this.#chunkBytes,
      maxOutputLength: Math.min(Math.max(this.#leftBytes, 1), bufferLimits.MAX_LENGTH),
      ...(this.#before.length > 0 && { dictionary: Buffer.concat(this.#before) }),
    };
  }

  /** Takes in what a run gave. Returns the message, or why there is none, or `null` where another run is needed. */
  take(run: unknown): Uint8Array | InflateFault | null {
    const { buffer, engine } = run as ZlibRun;
    this.#leftBytes -= buffer.length;
    if (this.#leftBytes < 0) return 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
    this.#parts.push(buffer);
    this.#sentBytes -= engine.bytesWritten;
    if (ENDS.includes(this.#sentBytes)) {
      return this.#parts.length === 1 ? buffer : Buffer.concat(this.#parts);
    }
    const isCutOff = this.#sentBytes < 0;
    if (isCutOff || this.#parts.length === MAX_LAST_BLOCKS) return 'WS_ERR_INVALID_COMPRESSED_DATA';
    this.#input = this.#input.subarray(engine.bytesWritten);
    const before = Buffer.concat([...this.#before, buffer]).subarray(-MAX_WINDOW_BYTES);
    this.#before = before.length > 0 ? [before] : [];
    return null;
  }
}

/** Returns what an error of `zlib` says of the message. */
export function faultOf(error: unknown): InflateFault {
  const isTooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
  return isTooLong ? 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' : 'WS_ERR_INVALID_COMPRESSED_DATA';
}

/** By so much at a time output is allocated. */
export function chunkSize(expectedBytes: number): number {
  return Math.min(Math.max(expectedBytes, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES);
}

import { constants, createDeflateRaw, createInflateRaw, type ZlibOptions } from 'node:zlib';
import { inOwnContext } from '../async-context.ts';

/** What is used of Node was tried up to this version. Where it had changed, Node would not throw, but end. */
const NEWEST_TRIED_MAJOR = 26;

/** Where `zlib` writes to at first: how much there will be is not known before. */
const scratch = Buffer.allocUnsafeSlow(65_536);

/** What Node keeps in a stream of `zlib`, as far as it is needed here. */
interface NodeZlib {
  readonly _handle: {
    onerror: (message: string, errno: number, code: string) => void;
    writeSync(
      flush: number,
      input: Uint8Array,
      inputAt: number,
      inputBytes: number,
      output: Uint8Array,
      outputAt: number,
      outputBytes: number,
    ): void;
    reset(): void;
    close(): void;
  };
  /** How many bytes of the output, and of the input, the last write left. */
  readonly _writeState: Uint32Array;
}

/** What one run gave: what the functions of `zlib` return with their option `info`. */
export interface ZlibRun {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/**
 * A state of `zlib` that is run at once and kept. What Node offers runs at once with a state that it makes for each
 * message, which takes longer than to inflate it, or keeps the state but runs it on other threads.
 */
export class ZlibState {
  readonly #handle: NodeZlib['_handle'];
  readonly #left: Uint32Array;
  #error: Error | null = null;

  constructor(stream: NodeZlib) {
    this.#handle = stream._handle;
    this.#left = stream._writeState;
    this.#handle.onerror = (message, errno, code) => {
      this.#error = Object.assign(new Error(message), { errno, code });
    };
  }

  /**
   * Takes in `input`, up to where a stream ends.
   *
   * @param flush - Z_SYNC_FLUSH, or Z_FINISH where a stream has to end
   * @param maxBytes - of the output, of which no more than one byte beyond that ever exists
   * @throws as the functions of `zlib` do: ERR_BUFFER_TOO_LARGE above `maxBytes`, Z_DATA_ERROR and so on
   */
  run(input: Uint8Array, flush: number, maxBytes = Number.POSITIVE_INFINITY): ZlibRun {
    const parts: Buffer[] = [];
    let inputAt = 0;
    let leftBytes = maxBytes;
    let isFull: boolean;
    do {
      const outputBytes = Math.min(scratch.length, leftBytes + 1);
      this.#write(flush, input, inputAt, outputBytes);
      isFull = this.#left[0] === 0;
      inputAt = input.length - this.#left[1]!;
      const writtenBytes = outputBytes - this.#left[0]!;
      leftBytes -= writtenBytes;
      if (leftBytes < 0) throw tooLarge();
      const part = Buffer.allocUnsafe(writtenBytes);
      scratch.copy(part, 0, 0, writtenBytes);
      parts.push(part);
    } while (isFull);
    const buffer = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    return { buffer, engine: { bytesWritten: inputAt } };
  }

  /**
   * Begins anew.
   *
   * @param before - what inflation may refer to, in order. Each piece, of 1 byte to 65,535, is taken in as a stored block
   * (RFC 1951 section 3.2.4): Node takes a dictionary only when it makes a state.
   * @throws Z_MEM_ERROR when it was not used yet, and memory does not suffice: then it can only be closed
   */
  restart(before: readonly Uint8Array[] = []): void {
    this.#handle.reset();
    this.#throwError();
    for (const piece of before) {
      const { length } = piece;
      const header = Uint8Array.of(0, length, length >> 8, ~length, ~length >> 8);
      this.#write(constants.Z_NO_FLUSH, header, 0, scratch.length);
      this.#write(constants.Z_NO_FLUSH, piece, 0, scratch.length);
    }
  }

  /** Gives its memory back. It cannot be used any more. */
  close(): void {
    this.#handle.close();
  }

  #write(flush: number, input: Uint8Array, inputAt: number, outputBytes: number): void {
    this.#handle.writeSync(flush, input, inputAt, input.length - inputAt, scratch, 0, outputBytes);
    this.#throwError();
  }

  #throwError(): void {
    if (this.#error === null) return;
    const error = this.#error;
    this.#error = null;
    throw error;
  }
}

/** Returns a state to compress with, or `null` where this version of Node has none to be used like this. */
export function openDeflation(options: ZlibOptions): ZlibState | null {
  return isUsable() ? new ZlibState(streamOf(createDeflateRaw, options)) : null;
}

/**
 * Returns a state to inflate with, or `null` where this version of Node has none to be used like this.
 * @throws Z_MEM_ERROR when memory does not suffice
 */
export function openInflation(): ZlibState | null {
  if (!isUsable()) return null;
  const state = new ZlibState(streamOf(createInflateRaw, {}));
  // Node takes the memory at the first use. Where that fails it ends the process at the next.
  state.restart();
  return state;
}

/** Nothing comes by way of the stream, so that it needs no memory for that. */
function streamOf(create: (options: ZlibOptions) => unknown, options: ZlibOptions): NodeZlib {
  const sized = { ...options, chunkSize: constants.Z_MIN_CHUNK };
  return inOwnContext(() => create(sized)) as NodeZlib;
}

let isFoundUsable: boolean | undefined;

function isUsable(): boolean {
  isFoundUsable ??= isTried() && doesRoundTrips();
  return isFoundUsable;
}

function isTried(): boolean {
  const { node, bun, deno } = process.versions;
  return bun === undefined && deno === undefined && Number.parseInt(node, 10) <= NEWEST_TRIED_MAJOR;
}

/** Does once what will be asked for: a message, one that refers to it, broken data, and a message again. */
function doesRoundTrips(): boolean {
  try {
    const deflation = new ZlibState(streamOf(createDeflateRaw, {}));
    const inflation = new ZlibState(streamOf(createInflateRaw, {}));
    const message = Buffer.from('once more, once more');
    const deflate = () => deflation.run(message, constants.Z_SYNC_FLUSH).buffer;
    const isInflated = (deflated: Buffer, ...before: Buffer[]) => {
      inflation.restart(before);
      return inflation.run(deflated, constants.Z_SYNC_FLUSH).buffer.equals(message);
    };
    const isFirstRead = isInflated(deflate()) && isInflated(deflate(), message);
    deflation.restart();
    const isNextRead = isInflated(deflate()) && isRefused(inflation) && isInflated(deflate(), message);
    deflation.close();
    inflation.close();
    return isFirstRead && isNextRead;
  } catch {
    return false;
  }
}

function isRefused(inflation: ZlibState): boolean {
  try {
    inflation.run(Uint8Array.of(7), constants.Z_SYNC_FLUSH);
    return false;
  } catch {
    return true;
  }
}

function tooLarge(): Error {
  return Object.assign(new Error('more output than allowed'), { code: 'ERR_BUFFER_TOO_LARGE' });
}

import { type Connection, MAX_COPIED_BYTES, type PreparedMessage } from '@hawser/protocol/websocket';
import type { Deflation } from './compression/compressor.ts';
import type { CancelJob } from './compression/job-queue.ts';
import type { StreamWriter, WriteCallback } from './stream-writer.ts';

/** A message on its way to a connection that compresses. */
export interface Outgoing {
  /** Of its payload. */
  readonly byteLength: number;
  /** Takes a copy of what is small, before it has to wait: large bytes are borrowed until they are written. */
  keep(): void;
  /** Compresses it, if that is worth it. Returns `false` where it takes longer than this call should. */
  compress(deflation: Deflation): boolean;
  /** Compresses it on another thread. */
  compressLater(deflation: Deflation, done: () => void): CancelJob;
  /**
   * Hands it over, compressed if it has been by now.
   * @param deflation - `null` where nothing is compressed
   */
  sendTo(machine: Connection, writer: StreamWriter, deflation: Deflation | null): void;
}

/** How a message, or a frame of one, is sent. */
export interface FrameOptions {
  readonly isBinary: boolean;
  /** The message ends here. */
  readonly isFinal: boolean;
  /** May be compressed, if it is worth it. */
  readonly isCompressible: boolean;
  readonly onWritten: WriteCallback | null;
}

export const TEXT_MESSAGE: FrameOptions = Object.freeze({
  isBinary: false,
  isFinal: true,
  isCompressible: true,
  onWritten: null,
});
export const BINARY_MESSAGE: FrameOptions = Object.freeze({ ...TEXT_MESSAGE, isBinary: true });

/** A message, or a fragment of one, to one connection. */
export class OutgoingMessage implements Outgoing {
  readonly #data: string | Uint8Array;
  readonly #options: FrameOptions;
  readonly #isWorthwhile: boolean;
  readonly #isWhole: boolean;
  #bytes: Uint8Array | null = null;
  #deflated: Uint8Array | null = null;

  /**
   * @param isWorthwhile - it is to be compressed
   * @param isWhole - it is no fragment
   */
  constructor(data: string | Uint8Array, options: FrameOptions, isWorthwhile: boolean, isWhole: boolean) {
    this.#data = data;
    this.#options = options;
    this.#isWorthwhile = isWorthwhile;
    this.#isWhole = isWhole;
  }

  get byteLength(): number {
    return typeof this.#data === 'string' ? Buffer.byteLength(this.#data) : this.#data.length;
  }

  keep(): void {
    this.#bytes ??= copyOfSmall(this.#data);
  }

  compress(deflation: Deflation): boolean {
    if (!this.#isWorthwhile) return true;
    if (!this.#isWhole) {
      // What continues a compressed message cannot be sent as it is, whatever happens until it is compressed.
      this.#deflated = deflation.deflateFragment(this.#payload(), this.#options.isFinal);
      return true;
    }
    const deflated = deflation.deflate(this.#payload());
    this.#keepSmaller(deflated);
    return deflated !== null;
  }

  compressLater(deflation: Deflation, done: () => void): CancelJob {
    return deflation.deflateLater(this.#payload(), (deflated) => {
      this.#keepSmaller(deflated);
      done();
    });
  }

  sendTo(machine: Connection, writer: StreamWriter, deflation: Deflation | null): void {
    const { isBinary, isFinal, onWritten } = this.#options;
    // What continues a fragment will be compressed as it was meant to be, however that was handed over.
    if (!this.#isWhole && this.#deflated === null && deflation !== null) this.compress(deflation);
    if (this.#deflated === null) {
      machine.sendMessage(this.#bytes ?? this.#data, isBinary, false, isFinal);
    } else {
      machine.sendMessage(this.#deflated, isBinary, true, isFinal);
      deflation?.sent(this.#payload(), this.#deflated);
    }
    if (onWritten !== null) writer.whenWritten(onWritten);
  }

  #keepSmaller(deflated: Uint8Array | null): void {
    if (deflated !== null && deflated.length < this.#payload().length) this.#deflated = deflated;
  }

  #payload(): Uint8Array {
    this.#bytes ??= typeof this.#data === 'string' ? Buffer.from(this.#data) : this.#data;
    return this.#bytes;
  }
}

/** Frames that somebody else encoded. */
export class EncodedFrames implements Outgoing {
  readonly byteLength: number;
  readonly #message: PreparedMessage;
  readonly #onWritten: WriteCallback | null;

  constructor(message: PreparedMessage, onWritten: WriteCallback | null) {
    this.byteLength = message.byteLength;
    this.#message = message;
    this.#onWritten = onWritten;
  }

  /** They are the sender's to keep. */
  keep(): void {}

  compress(): boolean {
    return true;
  }

  /** Never asked for: there is nothing to compress. */
  compressLater(): CancelJob {
    return () => {};
  }

  sendTo(machine: Connection, writer: StreamWriter): void {
    machine.sendPrepared(this.#message);
    if (this.#onWritten !== null) writer.whenWritten(this.#onWritten);
  }
}

/** A ping or a pong that keeps its place behind what was sent before it. */
export class OutgoingControl implements Outgoing {
  readonly #kind: 'ping' | 'pong';
  readonly #onWritten: WriteCallback | null;
  #payload: Uint8Array;

  constructor(kind: 'ping' | 'pong', payload: Uint8Array, onWritten: WriteCallback | null) {
    this.#kind = kind;
    this.#payload = payload;
    this.#onWritten = onWritten;
  }

  get byteLength(): number {
    return this.#payload.length;
  }

  keep(): void {
    this.#payload = Buffer.from(this.#payload);
  }

  compress(): boolean {
    return true;
  }

  /** Never asked for: control frames are not compressed. */
  compressLater(): CancelJob {
    return () => {};
  }

  sendTo(machine: Connection, writer: StreamWriter): void {
    machine[this.#kind](this.#payload);
    if (this.#onWritten !== null) writer.whenWritten(this.#onWritten);
  }
}

/** Returns a copy of bytes that are so few that a frame would copy them too, or `null`. */
export function copyOfSmall(data: string | Uint8Array): Uint8Array | null {
  return typeof data !== 'string' && data.length <= MAX_COPIED_BYTES ? Buffer.from(data) : null;
}

import { type Connection, MAX_COPIED_BYTES } from '@hawser/protocol/websocket';
import type { Deflation } from './compression/compressor.ts';
import type { StreamWriter, WriteCallback } from './stream-writer.ts';

/** A message on its way to a connection that compresses. */
export interface Outgoing {
  /** Of its payload. */
  readonly byteLength: number;
  /** Compresses it, if that is worth it. Returns `false` where it takes longer than this call should. */
  compress(deflation: Deflation): boolean;
  /** Compresses it on another thread. */
  compressLater(deflation: Deflation, done: () => void): void;
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
  readonly byteLength: number;
  readonly #data: string | Uint8Array;
  readonly #options: FrameOptions;
  readonly #isWhole: boolean;
  #bytes: Uint8Array | null = null;
  #deflated: Uint8Array | null = null;

  /** @param isWhole - it is no fragment */
  constructor(data: string | Uint8Array, options: FrameOptions, isWhole: boolean) {
    this.byteLength = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    this.#data = data;
    this.#options = options;
    this.#isWhole = isWhole;
  }

  /** Takes a copy of what is small: large bytes are borrowed until they are written. */
  keep(): void {
    if (typeof this.#data !== 'string' && this.#data.length <= MAX_COPIED_BYTES)
      this.#bytes = Buffer.from(this.#data);
  }

  compress(deflation: Deflation): boolean {
    if (!this.#options.isCompressible) return true;
    if (!this.#isWhole) {
      // What continues a compressed message cannot be sent as it is, whatever happens until it is compressed.
      this.#deflated = deflation.deflateFragment(this.#payload(), this.#options.isFinal);
      return true;
    }
    const deflated = deflation.deflate(this.#payload(), false);
    this.#keepSmaller(deflated);
    return deflated !== null;
  }

  compressLater(deflation: Deflation, done: () => void): void {
    deflation.deflateLater(this.#payload(), false, (deflated) => {
      this.#keepSmaller(deflated);
      done();
    });
  }

  sendTo(machine: Connection, writer: StreamWriter, deflation: Deflation | null): void {
    const { isBinary, isFinal, onWritten } = this.#options;
    if (this.#deflated === null) {
      machine.sendMessage(this.#bytes ?? this.#data, isBinary, false, isFinal);
    } else {
      machine.sendMessage(this.#deflated, isBinary, true, isFinal);
      deflation?.sent(this.#payload());
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

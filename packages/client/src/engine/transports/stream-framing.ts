import { natives } from '#platform';

/** The high bit of a frame's first byte: it is binary. The others are its length, up to 125. */
const BINARY = 0x80;
/** Above that they say in how many bytes the length follows: 126 in two, 127 in eight. */
const LENGTH_16 = 126;

/**
 * Returns one frame with the header that a stream of bytes needs.
 * @see https://socket.io/docs/v4/engine-io-protocol/
 */
export function encodeStreamFrame(frame: string | Uint8Array): Uint8Array {
  const isText = typeof frame === 'string';
  const byteLength = isText ? natives.utf8Length(frame) : frame.length;
  const lengthBytes = byteLength < LENGTH_16 ? 0 : byteLength < 0x10000 ? 2 : 8;
  const bytes = natives.allocate(1 + lengthBytes + byteLength);
  let rest = byteLength;
  for (let at = lengthBytes; at > 0; at--) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[0] = (lengthBytes === 0 ? byteLength : lengthBytes === 2 ? LENGTH_16 : 127) + (isText ? 0 : BINARY);
  if (isText) natives.writeUtf8(bytes, frame, 1 + lengthBytes);
  else bytes.set(frame, 1 + lengthBytes);
  return bytes;
}

/**
 * Reads frames from a stream of bytes, in any chunking. What a frame announces is allocated at once, and is at most
 * `maxBytes`: this end talks to one server, while a server bounds what it keeps by what it has received.
 */
export class StreamReader {
  readonly #maxBytes: number;
  readonly #onFrame: (frame: string | Uint8Array) => void;
  #isBinary = false;
  /** Bytes of the length that are still to come. */
  #lengthBytes = 0;
  #length = 0;
  /** What is being read, and how much of it is there; `undefined` in a header. */
  #payload: Uint8Array | undefined;
  #filled = 0;

  constructor(maxBytes: number, onFrame: (frame: string | Uint8Array) => void) {
    this.#maxBytes = maxBytes;
    this.#onFrame = onFrame;
  }

  /**
   * Takes in what the stream read.
   * @throws Error when a frame is too long; nothing can be read after that
   */
  receive(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#payload === undefined) {
        this.#readHeader(chunk[at++]!);
      } else {
        const part = chunk.subarray(at, at + this.#payload.length - this.#filled);
        this.#payload.set(part, this.#filled);
        this.#filled += part.length;
        at += part.length;
      }
      this.#deliver();
    }
  }

  #readHeader(byte: number): void {
    if (this.#lengthBytes > 0) {
      this.#lengthBytes--;
      this.#length = this.#length * 256 + byte;
    } else {
      this.#isBinary = byte >= BINARY;
      this.#length = byte % BINARY;
      if (this.#length >= LENGTH_16) {
        this.#lengthBytes = this.#length === LENGTH_16 ? 2 : 8;
        this.#length = 0;
      }
    }
    if (this.#lengthBytes > 0) return;
    if (this.#length > this.#maxBytes) throw new Error(`frame of more than ${this.#maxBytes} bytes`);
    this.#payload = natives.allocate(this.#length);
    this.#filled = 0;
  }

  #deliver(): void {
    const payload = this.#payload;
    if (payload === undefined || this.#filled < payload.length) return;
    this.#payload = undefined;
    this.#onFrame(this.#isBinary ? payload : natives.readUtf8(payload));
  }
}

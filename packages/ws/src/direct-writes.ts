import { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** No more than this passes a stream by: with more in it, it would tell whoever asks that it is full. */
const MAX_DIRECT_BYTES = 16_383;

/** What sockets have from their streams, as long as nobody puts something of their own in its place. */
const nodeWrite = Duplex.prototype.write;

/**
 * Tells whether `byteLength` bytes may go to the socket by the method that its stream calls for them, `_write`, as
 * though the stream had: where it has nothing before them, and is one of Node's own over TCP, as Node made it.
 *
 * What a stream does besides, for each write, is a sixth of the CPU outside of the kernel of a small frame that is
 * broadcast (`npm run bench -- --only fan-out,socketio-fan-out`).
 */
export function canWriteDirectly(stream: Duplex, byteLength: number): boolean {
  return (
    byteLength <= MAX_DIRECT_BYTES &&
    stream.write === nodeWrite &&
    stream.writableLength === 0 &&
    stream.writableCorked === 0 &&
    stream.writable &&
    stream.constructor === Socket
  );
}

/**
 * Writes past the stream. What the kernel does not take at once waits in libuv, before all that the stream is given
 * later; the stream does not know of it.
 *
 * @returns `null` when it has left, else what waits
 */
export function writeDirectly(stream: Duplex, bytes: Uint8Array): DirectWrite | null {
  const write = spare ?? new DirectWrite();
  spare = null;
  write.stream = stream;
  // Node's own name for bytes, which its declarations do not know.
  stream._write(bytes, 'buffer' as BufferEncoding, write.onCalledBack);
  if (write.stream !== null) return write;
  spare = write;
  return null;
}

/** A write that was made past its stream. */
export class DirectWrite {
  /** Until it has left, or cannot. */
  stream: Duplex | null = null;
  /** Called when one that had to wait has left. */
  onLeft: (() => void) | null = null;

  readonly onCalledBack = (error?: Error | null): void => {
    const stream = this.stream!;
    this.stream = null;
    if (error) stream.destroy(error);
    // Of a socket that is destroyed, Node calls all writes back as though they had been made.
    else if (this.onLeft !== null && !stream.destroyed) this.onLeft();
  };
}

/** Most have left when `_write` returns, and a function for each would be a tenth of what is saved. */
let spare: DirectWrite | null = null;

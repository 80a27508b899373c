import type { Duplex } from 'node:stream';
import type { Outbox } from '@hawser/protocol/websocket';
import { canWriteDirectly, writeDirectly } from './direct-writes.ts';
import { isGone } from './stream-owner.ts';
import { attempt } from './uncaught.ts';

/**
 * Most bytes that the stream is given at a time. A slow peer's progress shows only when all of them have left, and
 * it has to show, or the peer is taken for dead.
 */
const MAX_WRITE_BYTES = 2_097_152;

const NO_BYTES = Buffer.alloc(0);

/** Told when a message has left for the kernel, or that it cannot any more. */
export type WriteCallback = (error?: Error | null) => void;

/** Carries what waits in an outbox to its stream, and knows what has not left yet. */
export class StreamWriter {
  /** The kernel takes no more: output waits for the stream's `drain`. */
  isBlocked = false;
  /** Bytes of messages that wait to be compressed before they get into the outbox. */
  compressingBytes = 0;
  /** What was written past the stream, and has not left yet. */
  directBytes = 0;
  readonly #stream: Duplex;
  readonly #outbox: Outbox;
  /** What the stream held when it was last written to: a stream that is destroyed forgets it. */
  #strandedBytes = 0;
  /** Who asked, and how many bytes of the outbox are still before them. */
  #callbacks: { afterBytes: number; readonly callback: WriteCallback }[] | null = null;

  constructor(stream: Duplex, outbox: Outbox) {
    this.#stream = stream;
    this.#outbox = outbox;
  }

  /** Bytes that wait in memory: to be compressed, in the outbox, and in the stream. */
  get bufferedBytes(): number {
    const { destroyed, writableLength } = this.#stream;
    const streamBytes = destroyed ? this.#strandedBytes : writableLength;
    return this.compressingBytes + this.#outbox.byteLength + this.directBytes + streamBytes;
  }

  /** Something waits for the peer to read, or to be compressed. */
  get isWaiting(): boolean {
    return this.isBlocked || this.compressingBytes > 0;
  }

  /** Tells whether so many bytes more stay within `maxBytes`, as far as that is known without asking the stream. */
  hasRoom(byteLength: number, maxBytes: number): boolean {
    if (this.isBlocked) return false;
    const writtenBytes = this.directBytes + this.#strandedBytes;
    return writtenBytes + this.compressingBytes + this.#outbox.byteLength + byteLength <= maxBytes;
  }

  /** Calls back when what is in the outbox now has left. */
  whenWritten(callback: WriteCallback): void {
    this.#callbacks ??= [];
    this.#callbacks.push({ afterBytes: this.#outbox.byteLength, callback });
  }

  /**
   * Writes what waits, up to a bound.
   * @returns `false` where the stream is gone, and would count it as sent, or was ended, and would break for it
   */
  write(): boolean {
    const stream = this.#stream;
    try {
      if (this.#writeDirectly()) return true;
      if (isGone(stream) || stream.writableEnded) return false;
      this.#writeOutbox();
    } catch (error) {
      // A stream that throws is broken; others wait behind it to be flushed.
      stream.destroy(error as Error);
    }
    // A stream also asks for a drain when one large write has reached the kernel already.
    this.#strandedBytes = stream.writableLength;
    this.isBlocked = this.#strandedBytes > 0 && stream.writableNeedDrain;
    if (this.isBlocked) this.#outbox.hold();
    return true;
  }

  /** Has the stream report when what it holds has left, though that is too little for it to do so by itself. */
  block(onUnblocked: () => void): void {
    this.isBlocked = true;
    this.#stream.write(NO_BYTES, (error) => {
      // Behind a write past the stream this one is with the kernel, and of a socket that is destroyed nobody told it so.
      if (!error && !this.#stream.destroyed) onUnblocked();
    });
  }

  unblock(): void {
    this.isBlocked = false;
    this.#strandedBytes = 0;
  }

  /** The stream has nothing left: what it was given is with the kernel. */
  noteWritten(): void {
    if (this.#strandedBytes > 0 && this.#stream.writableLength === 0) this.#strandedBytes = 0;
  }

  /** The stream is gone. Whoever keeps the closed connection keeps the count of what was not sent, not its bytes. */
  strand(): void {
    if (this.#stream.writableFinished) this.#strandedBytes = 0;
    this.#strandedBytes = this.bufferedBytes;
    this.directBytes = 0;
    this.#outbox.take();
    const callbacks = this.#callbacks ?? [];
    this.#callbacks = null;
    if (callbacks.length === 0) return;
    callAll(callbacks, this.#stream.errored ?? destroyedError());
  }

  /** Writes what is small past the stream, where that can be. Returns `false` where it cannot. */
  #writeDirectly(): boolean {
    const stream = this.#stream;
    const { byteLength } = this.#outbox;
    if (this.#callbacks !== null || this.directBytes > 0) return false;
    if (!canWriteDirectly(stream, byteLength)) return false;
    const bytes = this.#outbox.takeSingle();
    if (bytes === null) return false;
    this.#strandedBytes = 0;
    const waiting = writeDirectly(stream, bytes);
    if (waiting === null) return true;
    this.directBytes = byteLength;
    waiting.onLeft = () => {
      this.directBytes = 0;
    };
    return true;
  }

  #writeOutbox(): void {
    const stream = this.#stream;
    const outbox = this.#outbox;
    const waitingBytes = outbox.byteLength;
    const single = waitingBytes <= MAX_WRITE_BYTES ? outbox.takeSingle() : null;
    const parts = single === null ? outbox.take(MAX_WRITE_BYTES) : [single];
    const onWritten = this.#callbacks === null ? null : this.#takeCallbacks(waitingBytes - outbox.byteLength);
    if (parts.length > 1) stream.cork();
    const last = parts.length - 1;
    for (let i = 0; i < last; i++) stream.write(parts[i]);
    if (onWritten === null) stream.write(parts[last]);
    else stream.write(parts[last], onWritten);
    if (parts.length > 1) stream.uncork();
  }

  /** Returns what calls back everybody who waits for no more than these `writtenBytes`. */
  #takeCallbacks(writtenBytes: number): WriteCallback | null {
    const callbacks = this.#callbacks!;
    let due = 0;
    while (due < callbacks.length && callbacks[due]!.afterBytes <= writtenBytes) due++;
    const written = callbacks.splice(0, due);
    for (const waiting of callbacks) waiting.afterBytes -= writtenBytes;
    if (callbacks.length === 0) this.#callbacks = null;
    if (written.length === 0) return null;
    return (error) => callAll(written, error);
  }
}

/** Returns what Node's streams say to a write that a destroyed one does not carry out any more. */
function destroyedError(): Error {
  const error = new Error('Cannot call write after a stream was destroyed');
  return Object.assign(error, { code: 'ERR_STREAM_DESTROYED' });
}

/** Calls back everybody. What one of them throws surfaces as an uncaught exception, and keeps nothing from the others. */
function callAll(waiting: readonly { readonly callback: WriteCallback }[], error?: Error | null): void {
  for (const { callback } of waiting) attempt(() => callback(error));
}

import type { Socket } from 'node:net';
import { Outbox, type RunSink } from '@hawser/protocol/websocket';
import { type Flushable, inThisContext } from '@hawser/ws/internal';
import { flusher, slab } from './shared-memory.ts';

/** Is told that what it was given with has left, or why it could not. */
export type WriteCallback = (error?: Error) => void;

/** Takes frames one by one: `open`, write one, `written`. */
export interface FrameSink {
  /** A client's frames are masked (RFC 6455 section 5.1). */
  readonly isMasked: boolean;
  open(): RunSink;
  /** @returns `false` when the peer should be given time: a `drain` follows */
  written(callback?: WriteCallback): boolean;
}

/** More than this is not collected within one turn: writing it shows whether the peer keeps up. */
const MAX_COLLECTED_BYTES = 65_536;

/**
 * What a connection sends: collected, and written once for each chunk received and once for each turn of the event
 * loop. While the kernel takes no more, every frame is handed to the socket at once, whose own count then tells how
 * full it is.
 */
export class Output implements FrameSink, Flushable {
  /** What `outputBufferFull` says. */
  isFull = false;
  readonly isMasked: boolean;
  readonly #socket: Socket;
  readonly #outbox = new Outbox(slab);
  /** Pieces with somebody waiting for them to leave; what is in the outbox comes behind. */
  #awaited: { readonly parts: readonly Uint8Array[]; readonly callback: WriteCallback }[] = [];
  #collectedBytes = 0;
  /** What was in the outbox, and whether frames may wait, when the frame being written was opened. */
  #openedAt = 0;
  #mayWait = true;
  #isFlushDue = false;
  #owesDrain = false;

  constructor(socket: Socket, isMasked: boolean) {
    this.#socket = socket;
    this.isMasked = isMasked;
  }

  /** The peer does not take what it is sent. */
  get isBlocked(): boolean {
    return this.#socket.writableNeedDrain && this.#socket.writableLength > 0;
  }

  open(): RunSink {
    this.#mayWait = this.#socket.writable && this.#socket.writableLength === 0;
    if (!this.#mayWait) {
      this.flush();
      this.#outbox.hold();
    }
    this.#openedAt = this.#outbox.byteLength;
    return this.#outbox;
  }

  written(callback?: WriteCallback): boolean {
    this.#collectedBytes += this.#outbox.byteLength - this.#openedAt;
    if (typeof callback === 'function') {
      this.#awaited.push({ parts: this.#outbox.take(), callback: inThisContext(callback) });
    }
    if (this.#mayWait && this.#collectedBytes <= MAX_COLLECTED_BYTES) this.#markFlush();
    else this.flush();
    return !this.isFull;
  }

  /** Sends what is a whole frame, or a head, already; borrowed until it has left. @see {@link FrameSink.written} */
  write(bytes: Uint8Array, callback?: WriteCallback): boolean {
    this.open().append(bytes, 0, bytes.length);
    return this.written(callback);
  }

  /** A chunk is being read: what is sent meanwhile waits for the `flush` at its end. */
  collect(): void {
    this.#isFlushDue = true;
  }

  flush(): void {
    this.#isFlushDue = false;
    if (this.#collectedBytes === 0) return;
    this.#write();
    const { writable, writableLength, writableHighWaterMark } = this.#socket;
    this.isFull = writableLength >= writableHighWaterMark || !writable;
    this.#owesDrain ||= this.isFull;
  }

  /** The socket has written all it had. @returns whether somebody was told to wait for that */
  drained(): boolean {
    const isOwed = this.#owesDrain;
    this.isFull = false;
    this.#owesDrain = false;
    return isOwed;
  }

  #markFlush(): void {
    this.isFull = false;
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    flusher.mark(this);
  }

  #write(): void {
    const socket = this.#socket;
    const awaited = this.#awaited;
    const single = awaited.length === 0 ? this.#outbox.takeSingle() : null;
    this.#collectedBytes = 0;
    if (single !== null) {
      socket.write(single);
      return;
    }
    this.#awaited = [];
    socket.cork();
    for (const { parts, callback } of awaited) {
      const last = parts.length - 1;
      for (let i = 0; i < last; i++) socket.write(parts[i]!);
      socket.write(parts[last]!, callback as (error?: Error | null) => void);
    }
    for (const part of this.#outbox.take()) socket.write(part);
    socket.uncork();
  }
}

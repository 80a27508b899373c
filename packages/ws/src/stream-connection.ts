import type { Duplex } from 'node:stream';
import {
  CloseCode,
  Connection,
  type ConnectionHandler,
  type Outbox,
  type PreparedMessage,
} from '@hawser/protocol/websocket';
import type { SendResult, StreamContext } from './stream-context.ts';
import { ownStream, remoteAddressOf, type StreamOwner } from './stream-owner.ts';
import type { Flushable } from './turn-flusher.ts';

/**
 * Most bytes that the stream is given at a time. A slow peer's progress shows only when all of them have left, and
 * it has to show, or the peer is taken for dead.
 */
const MAX_WRITE_BYTES = 2_097_152;

const NO_BYTES = Buffer.alloc(0);

/**
 * The shell of a connection: carries bytes between a Duplex stream and the protocol machine, bounds what waits to
 * be sent, and writes once for each chunk received and once for each turn of the event loop.
 */
export class StreamConnection<Peer> implements ConnectionHandler, StreamOwner, Flushable {
  readonly peer: Peer;
  readonly #stream: Duplex;
  readonly #context: StreamContext<Peer>;
  readonly #machine: Connection;
  /** A chunk is being read, or a flush is marked: output need not be marked again. */
  #isFlushDue = false;
  /** The kernel takes no more: output waits for the stream's `drain`. */
  #isBlocked = false;
  /** The user was told `queued` or `dropped`, and is owed a `drain`. */
  #owesDrain = false;
  /** The policy `wait` has stopped reading. */
  #isReadingStopped = false;
  /** Delivery is held back until `resumeDelivery`. */
  #isHeld = false;
  /** Promise reactions to a message run. */
  #isReacting = false;
  /** What the stream held when it was last written to: a stream that is destroyed forgets it. */
  #strandedBytes = 0;
  #isFinished = false;
  #isClosed = false;

  constructor(stream: Duplex, context: StreamContext<Peer>, peerOf: (self: StreamConnection<Peer>) => Peer) {
    this.#stream = stream;
    this.#context = context;
    this.#machine = new Connection(this, context.endpoint);
    this.peer = peerOf(this);
  }

  get isOpen(): boolean {
    return this.#machine.isOpen;
  }

  /** 1 (open), 2 (closing) or 3 (closed), as the browser's `WebSocket` counts. */
  get readyState(): 1 | 2 | 3 {
    if (this.#machine.isOpen) return 1;
    return this.#isClosed ? 3 : 2;
  }

  /** Both close frames were exchanged. */
  get wasClean(): boolean {
    return this.#machine.wasClean;
  }

  get closeCode(): number {
    return this.#machine.closeCode;
  }

  get closeReason(): string {
    return this.#machine.closeReason;
  }

  /** Bytes that wait in memory, headers included: here, and in the stream. */
  get bufferedBytes(): number {
    const { destroyed, writableLength } = this.#stream;
    return this.#machine.outbox.byteLength + (destroyed ? this.#strandedBytes : writableLength);
  }

  /** The peer's IP address; empty once the connection is closed, and where the stream has none. */
  get remoteAddress(): string {
    return remoteAddressOf(this.#stream);
  }

  /**
   * Begins: `head` goes out first and in one write with what `begin` sends, then `rest`, which came in with the
   * handshake, is read.
   */
  start(head: Buffer | null, rest: Uint8Array, begin: () => void): void {
    ownStream(this.#stream, this);
    if (this.#stream.isPaused()) this.#stream.resume();
    if (head !== null) this.#machine.outbox.append(head, 0, head.length);
    this.#read(() => {
      begin();
      if (rest.length > 0) this.#machine.receive(rest);
    });
  }

  send(data: string | Uint8Array, isBinary: boolean): SendResult {
    if (!this.#machine.isOpen) return 'closed';
    if (!this.#admits(data)) return this.#refuse();
    this.#machine.sendMessage(data, isBinary);
    return this.#sent();
  }

  sendPrepared(message: PreparedMessage): SendResult {
    if (!this.#machine.isOpen) return 'closed';
    if (!this.#admitsBytes(message.byteLength)) return this.#refuse();
    this.#machine.sendPrepared(message);
    return this.#sent();
  }

  ping(data: Uint8Array): SendResult {
    if (!this.#machine.isOpen) return 'closed';
    if (!this.#admitsBytes(data.length)) return this.#refuse();
    this.#machine.ping(data);
    return this.#sent();
  }

  /** @see Connection.close */
  close(code: number | undefined, reason: string): boolean {
    const isBegun = this.#machine.close(code, reason);
    if (isBegun) this.#markFlush();
    return isBegun;
  }

  /** @see Connection.fail */
  fail(code: number, reason: string): void {
    this.#machine.fail(code, reason);
  }

  /** Cuts the connection without a close frame; `closed` reports 1006. */
  terminate(): void {
    this.#machine.abort('');
    this.#stream.destroy();
  }

  /** Holds messages back until `resumeDelivery`. */
  pauseDelivery(): void {
    this.#isHeld = true;
    this.#machine.pause();
    if (!this.#isReacting) this.#stream.pause();
  }

  /** Delivers again, though nothing within this call. */
  resumeDelivery(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (!this.#isReacting) this.letReactionsRun();
  }

  /** Holds back the next message until the promise reactions to this one have run, which may pause and resume. */
  letReactionsRun(): void {
    this.#isReacting = true;
    this.#machine.pause();
    // A tick that a microtask asks for comes when no microtask is left, and before anything else is read.
    queueMicrotask(() => process.nextTick(() => this.#reacted()));
  }

  /** Has `drain` reported when all that waits now has left. */
  oweDrain(): void {
    this.#owesDrain = true;
    this.#askForDrain();
  }

  tick(nowMs: number): void {
    this.#noteWritten();
    // Whoever does not listen cannot call the peer silent.
    if (this.#isHeld && !this.#isReadingStopped) this.#machine.markAlive();
    this.#machine.tick(nowMs);
    if (this.#machine.outbox.byteLength > 0) this.flush();
  }

  nextDeadline(): number {
    return this.#machine.nextDeadline();
  }

  flush(): void {
    this.#isFlushDue = false;
    // What a stream that is destroyed was given would count as sent.
    if (this.#isClosed || this.#stream.destroyed) return;
    const { outbox } = this.#machine;
    while (outbox.byteLength > 0 && !this.#isBlocked) {
      this.#write();
      this.#machine.outboxWritten();
    }
    if (this.#isFinished && outbox.byteLength === 0 && !this.#stream.writableEnded) this.#stream.end();
  }

  onData(chunk: Buffer): void {
    this.#noteWritten();
    // As `#read` does, without a closure for each chunk.
    this.#isFlushDue = true;
    try {
      this.#machine.receive(chunk);
    } catch (error) {
      this.#handlerThrew(error);
    }
    this.#readDone();
  }

  onEnd(): void {
    this.#noteWritten();
    this.#read(() => this.#machine.receiveEof());
  }

  onDrain(): void {
    this.#isBlocked = false;
    this.#strandedBytes = 0;
    this.#machine.markAlive();
    this.flush();
    if (this.#isBlocked) return;
    if (this.#owesDrain) {
      this.#owesDrain = false;
      this.#read(() => this.#context.events.drain(this.peer));
    }
    // What `drain` sent may have filled it again.
    if (this.#isBlocked || !this.#isReadingStopped) return;
    this.#isReadingStopped = false;
    this.resumeDelivery();
  }

  onError(error: Error): void {
    this.#machine.abort(error.message);
  }

  onClose(): void {
    this.#isClosed = true;
    this.#machine.abort('');
    // Whoever keeps the closed socket keeps the count of what was not sent, not its bytes.
    if (this.#stream.writableFinished) this.#strandedBytes = 0;
    this.#strandedBytes = this.bufferedBytes;
    this.#machine.outbox.take();
    this.#read(() => this.#context.events.closed(this));
  }

  onMessage(data: Uint8Array, isBinary: boolean): void {
    this.#context.events.message(this.peer, data as Buffer, isBinary);
  }

  onPing(data: Uint8Array): void {
    this.#context.events.ping(this.peer, data as Buffer);
  }

  onPong(data: Uint8Array): void {
    this.#context.events.pong(this.peer, data as Buffer);
  }

  onClosing(): void {
    this.#context.events.closing(this);
  }

  onFinished(): void {
    this.#isFinished = true;
    // The peer's end of the stream has to be seen, whatever was held back.
    this.#stream.resume();
    this.#markFlush();
  }

  onTimeout(): void {
    this.#stream.destroy();
  }

  #reacted(): void {
    this.#isReacting = false;
    if (this.#isHeld) {
      if (!this.#isFinished) this.#stream.pause();
      return;
    }
    if (this.#stream.isPaused()) this.#stream.resume();
    this.#read(() => this.#machine.resume());
  }

  /** Runs what may call the user's handlers, and writes what it sent. */
  #read(run: () => void): void {
    this.#isFlushDue = true;
    try {
      run();
    } catch (error) {
      this.#handlerThrew(error);
    }
    this.#readDone();
  }

  /** Where delivery is paused, more may be sent in this very turn: one write for all of it. */
  #readDone(): void {
    if (!this.#machine.isPaused) {
      this.flush();
      return;
    }
    this.#isFlushDue = false;
    this.#markFlush();
  }

  /** The stream has nothing left: what it was given is with the kernel. */
  #noteWritten(): void {
    if (this.#strandedBytes > 0 && this.#stream.writableLength === 0) this.#strandedBytes = 0;
  }

  /** The message that the handler was given is lost, so the connection cannot go on as if it were not. */
  #handlerThrew(error: unknown): void {
    this.#machine.fail(CloseCode.INTERNAL_ERROR, 'internal error');
    this.#context.events.failed(error);
  }

  #write(): void {
    const stream = this.#stream;
    const { outbox } = this.#machine;
    try {
      this.#writeTo(stream, outbox);
    } catch (error) {
      // A stream that throws is broken; others wait behind it to be flushed.
      stream.destroy(error as Error);
    }
    // A stream also asks for a drain when one large write has reached the kernel already.
    this.#strandedBytes = stream.writableLength;
    this.#isBlocked = this.#strandedBytes > 0 && stream.writableNeedDrain;
    if (this.#isBlocked) outbox.hold();
  }

  #writeTo(stream: Duplex, outbox: Outbox): void {
    const single = outbox.byteLength <= MAX_WRITE_BYTES ? outbox.takeSingle() : null;
    if (single !== null) {
      stream.write(single);
    } else {
      stream.cork();
      for (const part of outbox.take(MAX_WRITE_BYTES)) stream.write(part);
      stream.uncork();
    }
  }

  #markFlush(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#context.flusher.mark(this);
  }

  #sent(): SendResult {
    // Whether the peer keeps up shows only when it is written to.
    if (!this.#isBlocked && this.#machine.outbox.byteLength > this.#context.maxUnwrittenBytes) this.flush();
    if (!this.#isBlocked) {
      this.#markFlush();
      return 'written';
    }
    this.#owesDrain = true;
    if (this.bufferedBytes * 2 > this.#context.maxBufferedBytes) this.#stopReading();
    return 'queued';
  }

  /** Under the policy `wait`, who does not read answers cannot ask. */
  #stopReading(): void {
    if (this.#context.slowConsumer !== 'wait' || this.#isReadingStopped) return;
    this.#isReadingStopped = true;
    this.pauseDelivery();
  }

  #admits(data: string | Uint8Array): boolean {
    if (typeof data !== 'string') return this.#admitsBytes(data.length);
    return this.#hasRoom(data.length * 3) || this.#admitsBytes(Buffer.byteLength(data));
  }

  #admitsBytes(byteLength: number): boolean {
    if (this.#hasRoom(byteLength)) return true;
    // What this turn has collected may not have met the kernel yet.
    this.flush();
    const { bufferedBytes } = this;
    return bufferedBytes === 0 || bufferedBytes + byteLength <= this.#context.maxBufferedBytes;
  }

  /** Answers for a connection that keeps up, without asking the stream. */
  #hasRoom(byteLength: number): boolean {
    return !this.#isBlocked && this.#machine.outbox.byteLength + byteLength <= this.#context.maxBufferedBytes;
  }

  #refuse(): SendResult {
    const { slowConsumer, maxBufferedBytes } = this.#context;
    if (slowConsumer === 'close') {
      const reason = `slow consumer: over ${maxBufferedBytes} bytes would wait to be sent`;
      this.#machine.fail(CloseCode.POLICY_VIOLATION, reason);
      return 'dropped';
    }
    this.#stopReading();
    this.oweDrain();
    return 'dropped';
  }

  /** A stream that holds little does not announce a drain by itself. */
  #askForDrain(): void {
    if (this.#isBlocked) return;
    this.#isBlocked = true;
    this.#stream.write(NO_BYTES, (error) => {
      if (!error) this.onDrain();
    });
  }
}

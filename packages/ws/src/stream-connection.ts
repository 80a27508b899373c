import type { Duplex } from 'node:stream';
import { CloseCode, Connection, type ConnectionHandler } from '@hawser/protocol/websocket';
import type { Deflation } from './compression/compressor.ts';
import { type DeflatingHost, DeflatingSender } from './deflating-sender.ts';
import { Delivery, type DeliveryHost } from './delivery.ts';
import { nextTick } from './event-loop.ts';
import { BINARY_MESSAGE, type FrameOptions, type Outgoing, TEXT_MESSAGE } from './outgoing.ts';
import type { RosterMember } from './roster.ts';
import type { ConnectionEnding, SendResult, StreamContext } from './stream-context.ts';
import {
  cutStream,
  endStream,
  isGone,
  ownStream,
  readLater,
  remoteAddressOf,
  type StreamOwner,
} from './stream-owner.ts';
import { StreamWriter } from './stream-writer.ts';
import type { Flushable } from './turn-flusher.ts';

/**
 * The shell of a connection: carries bytes between a Duplex stream and the protocol machine, bounds what waits to
 * be sent, and writes once for each chunk received and once for each turn of the event loop.
 */
export class StreamConnection<Peer>
  implements ConnectionHandler, DeliveryHost, DeflatingHost, StreamOwner, Flushable, RosterMember
{
  readonly peer: Peer;
  /** Something came from the peer, or it read what waited for it; whoever asks sets it back. */
  wasHeard = true;
  rosterIndex = -1;
  readonly #stream: Duplex;
  readonly #context: StreamContext<Peer>;
  readonly #machine: Connection;
  readonly #writer: StreamWriter;
  /** Once something was held back: an idle connection is spared it. */
  #delivery: Delivery | null = null;
  #deflation: Deflation | null;
  #sender: DeflatingSender | null;
  /** A chunk is being read, or a flush is marked: output need not be marked again. */
  #isFlushDue = false;
  /** What may call the user's handlers is running. */
  #isReading = false;
  /** The user was told `queued` or `dropped`, and is owed a `drain`. */
  #owesDrain = false;
  #isFinished = false;
  #isClosed = false;
  /** The transport is gone, and what came before has to be delivered first. */
  #isEndHeld = false;

  /** @param deflation - what messages are compressed with, where that was agreed on */
  constructor(
    stream: Duplex,
    context: StreamContext<Peer>,
    deflation: Deflation | null,
    peerOf: (self: StreamConnection<Peer>) => Peer,
  ) {
    this.#stream = stream;
    this.#context = context;
    this.#machine = new Connection(this, context.endpoint, deflation !== null);
    this.#writer = new StreamWriter(stream, this.#machine.outbox);
    this.#deflation = deflation;
    this.#sender = deflation && new DeflatingSender(this.#machine, this.#writer, deflation, this);
    this.peer = peerOf(this);
  }

  /** What holds messages back, and delivers them again. */
  get delivery(): Delivery {
    this.#delivery ??= new Delivery(this.#machine, this.#stream, this);
    return this.#delivery;
  }

  get isOpen(): boolean {
    return this.#machine.isOpen;
  }

  /** 1 (open), 2 (closing) or 3 (closed), as the browser's `WebSocket` counts. */
  get readyState(): 1 | 2 | 3 {
    return this.#machine.isOpen ? 1 : this.#isClosed ? 3 : 2;
  }

  /** How the connection ends. */
  get ending(): ConnectionEnding {
    return this.#machine;
  }

  /** Bytes that wait in memory, headers included: here, and in the stream. */
  get bufferedBytes(): number {
    return this.#writer.bufferedBytes;
  }

  /** As many of them as were written past the stream, which does not know of them. */
  get directBytes(): number {
    return this.#writer.directBytes;
  }

  /** The peer's IP address; empty once the connection is closed, and where the stream has none. */
  get remoteAddress(): string {
    return remoteAddressOf(this.#stream);
  }

  /** Begins: writes `head`, as Latin-1, in one with what `begin` sends, then reads `rest`, which came in with the handshake. */
  start(head: string | null, rest: Uint8Array, begin: () => void): void {
    ownStream(this.#stream, this);
    if (this.#stream.isPaused()) this.#stream.resume();
    if (head !== null) this.#machine.outbox.appendLatin1(head);
    this.read(() => {
      begin();
      if (rest.length > 0) this.#machine.receive(rest);
    });
  }

  send(data: string | Uint8Array, isBinary: boolean): SendResult {
    return this.sendFrame(data, isBinary ? BINARY_MESSAGE : TEXT_MESSAGE);
  }

  /** Sends a message, or one frame of it, as `options` say. */
  sendFrame(data: string | Uint8Array, options: FrameOptions): SendResult {
    if (!this.#machine.isOpen) return 'closed';
    if (!this.#admits(data)) return this.#refuse();
    if (this.#sender === null) {
      this.#machine.sendMessage(data, options.isBinary, false, options.isFinal);
      if (options.onWritten !== null) this.#writer.whenWritten(options.onWritten);
    } else {
      this.#sender.send(data, options);
    }
    return this.#sent();
  }

  sendOutgoing(message: Outgoing): SendResult {
    if (!this.#machine.isOpen) return 'closed';
    if (!this.#admitsBytes(message.byteLength)) return this.#refuse();
    if (this.#sender === null) message.sendTo(this.#machine, this.#writer, null);
    else this.#sender.sendOutgoing(message);
    return this.#sent();
  }

  /** Sends a ping or a pong, before what waits to be compressed. */
  sendControl(kind: 'ping' | 'pong', data: Uint8Array): SendResult {
    if (!this.#machine.isOpen) return 'closed';
    if (!this.#admitsBytes(data.length)) return this.#refuse();
    this.#machine[kind](data);
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
    cutStream(this.#stream);
  }

  /** Has `drain` reported when all that waits now has left. */
  oweDrain(): void {
    this.#owesDrain = true;
    // A stream that holds little does not announce a drain by itself.
    if (!this.#writer.isWaiting) this.#writer.block(() => this.onDrain());
  }

  tick(nowMs: number): void {
    this.#writer.noteWritten();
    // Whoever does not listen cannot call the peer silent.
    if (this.#delivery?.isDeaf) this.#machine.markAlive();
    this.#machine.tick(nowMs);
    if (this.#machine.outbox.byteLength > 0) this.flush();
  }

  nextDeadline(): number {
    return this.#machine.nextDeadline();
  }

  flush(): void {
    this.#isFlushDue = false;
    if (this.#isClosed) return;
    const { outbox } = this.#machine;
    while (outbox.byteLength > 0 && !this.#writer.isBlocked && this.#writer.write()) {
      this.#machine.outboxWritten();
    }
    if (this.#isFinished && outbox.byteLength === 0) this.#endStream();
  }

  /** Gives the stream all that waits, however much it holds: what others write to it is to come behind that. */
  handOver(): void {
    const { outbox } = this.#machine;
    if (!this.#isClosed) while (outbox.byteLength > 0 && this.#writer.write()) this.#machine.outboxWritten();
    this.flush();
  }

  /** Runs `send`, and writes what it sent at once, whatever it throws. */
  writeAtOnce(send: () => void): void {
    this.#isFlushDue = true;
    try {
      send();
    } finally {
      this.flush();
    }
  }

  /** Runs what may call the user's handlers, and writes what it sent. */
  read(run: () => void): void {
    const wasReading = this.#isReading;
    this.#isReading = true;
    this.#isFlushDue = true;
    try {
      run();
    } catch (error) {
      this.#context.events.failed(error, this);
    }
    this.#isReading = wasReading;
    this.#readDone();
  }

  onData(chunk: Buffer, isLent = false): void {
    // A handler had a write made within which TLS reads on.
    if (this.#isReading) {
      // What is read of a stream that said itself that it is gone is emitted as well.
      if (!this.#isClosed) readLater(this.#stream, isLent ? Buffer.from(chunk) : chunk);
      return;
    }
    this.wasHeard = true;
    this.#writer.noteWritten();
    // As `read` does, without a closure for each chunk.
    this.#isReading = true;
    this.#isFlushDue = true;
    try {
      this.#machine.receive(chunk, isLent);
    } catch (error) {
      this.#context.events.failed(error, this);
    }
    this.#isReading = false;
    this.#readDone();
  }

  onLentData(chunk: Buffer): void {
    this.onData(chunk, true);
  }

  onEnd(): void {
    this.#writer.noteWritten();
    const isEndHeard = this.#context.events.cutWhileHeld !== undefined && this.#delivery?.isPausedByUser;
    if (isEndHeard && !this.#machine.holdsInput) this.read(() => this.#machine.abort(''));
    else this.read(() => this.#machine.receiveEof());
  }

  onDrain(): void {
    this.#writer.unblock();
    this.#machine.markAlive();
    this.wasHeard = true;
    this.flush();
    this.#drained();
  }

  onError(error: Error): void {
    // What is held back comes with `close`, and not in the middle of a chunk.
    if (!this.#holdsRest()) this.#machine.abort(error.message);
    // One that was told not to destroys itself for no error.
    if (!this.#stream.destroyed) cutStream(this.#stream);
  }

  onClose(): void {
    // A stream that said so itself says so again when it is destroyed.
    if (this.#isClosed && !this.#isEndHeld) return;
    this.#isClosed = true;
    this.#isEndHeld = this.#holdsRest() && !this.#deliverRest();
    if (this.#isEndHeld) return;
    this.#machine.abort('');
    this.#delivery?.stop();
    this.#writer.strand();
    // Whoever keeps a closed connection does not keep its history.
    this.#deflation = null;
    this.#sender = null;
    this.read(() => this.#context.events.closed(this));
  }

  onReset(): void {
    // There is nothing left to wait for but what it sent.
    this.#delivery?.peerKeepsUp();
  }

  onReleased(): void {
    if (this.#isEndHeld) this.onClose();
  }

  onLeftToUser(): void {
    // The end was heard while there was another reason, too.
    if (this.#machine.isPaused && this.#stream.readableEnded) this.onEnd();
  }

  onMessage(data: Uint8Array, isBinary: boolean, fragmentEnds: readonly number[] | null): void {
    this.#context.events.message(this.peer, data as Buffer, isBinary, fragmentEnds);
  }

  onText(text: string): void {
    this.#context.events.text!(this.peer, text);
  }

  onCompressedMessage(data: Uint8Array, isBinary: boolean): Uint8Array | null {
    const { maxMessageBytes } = this.#context.endpoint.options;
    return this.delivery.inflate(this.#deflation!, data, isBinary, maxMessageBytes);
  }

  onPing(data: Uint8Array): void {
    this.#context.events.ping(this.peer, data as Buffer);
  }

  onPong(data: Uint8Array): void {
    this.#context.events.pong(this.peer, data as Buffer);
  }

  onPingFlood(): void {
    this.#context.events.pingFlood?.(this);
  }

  onEnding(): void {
    this.#context.events.ending?.(this);
    this.#sender?.finish();
    if (this.#owesDrain) this.oweDrain();
  }

  onClosing(): void {
    this.#context.events.closing(this);
  }

  onFinished(): void {
    this.#isFinished = true;
    this.#context.events.finished?.(this);
    if (this.#stream.destroyed) return;
    // The peer's end of the stream has to be seen, whatever was held back.
    this.#stream.resume();
    this.#markFlush();
  }

  onCompressed(): void {
    this.flush();
    this.#drained();
  }

  onTimeout(): void {
    cutStream(this.#stream);
    // It may have been gone before, with what came last held back.
    this.onReleased();
  }

  /** Tells whether something that came before the transport was gone is still to be delivered, and says so. */
  #holdsRest(): boolean {
    const { cutWhileHeld } = this.#context.events;
    // One that ended well, of HTTP/2, may be gone before the last of it is delivered.
    if (cutWhileHeld === undefined) return this.#machine.holdsInput && this.#stream.readableEnded;
    if (!(this.#machine.isPaused || this.#isEndHeld)) return false;
    cutWhileHeld(this);
    return true;
  }

  /**
   * Where the user is to get what is held back although the transport is gone, sees to that.
   * @returns `false` while something of it still has to be waited for: then `onReleased` follows
   */
  #deliverRest(): boolean {
    if (this.#context.events.cutWhileHeld === undefined) return false;
    if (!this.#isReading) return this.delivery.finish();
    // A listener had the stream report its end: the chunk in hand comes first.
    nextTick(() => this.onReleased());
    return false;
  }

  /**
   * Where delivery is paused, more may be sent in this very turn: one write for all of it. Where messages are
   * compressed, so long passes between the answers to two peers that each write would find the kernel at rest: close
   * together they take a quarter less of the CPU of an echo (`npm run bench -- --only deflate-echo`).
   */
  #readDone(): void {
    this.#isFlushDue = false;
    if (this.#machine.isPaused || this.#sender !== null) this.#markFlush();
    else this.flush();
  }

  /** If nothing waits any more: tells so, and reads on. */
  #drained(): void {
    if (this.#writer.isWaiting) return;
    if (this.#owesDrain) {
      this.#owesDrain = false;
      this.read(() => this.#context.events.drain(this.peer));
    }
    // What `drain` sent may have filled it again.
    if (!this.#writer.isWaiting) this.#delivery?.peerKeepsUp();
  }

  #endStream(): void {
    if (!this.#stream.writableEnded && !isGone(this.#stream)) endStream(this.#stream);
  }

  #markFlush(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#context.flusher.mark(this);
  }

  #sent(): SendResult {
    const { maxUnwrittenBytes, maxBufferedBytes } = this.#context;
    // Whether the peer keeps up shows only when it is written to.
    if (!this.#writer.isBlocked && this.#machine.outbox.byteLength > maxUnwrittenBytes) this.flush();
    if (!this.#writer.isBlocked) this.#markFlush();
    // Where too much waited to be compressed, all of it was handed over by now.
    if (this.#owesDrain) this.oweDrain();
    if (!this.#writer.isWaiting) return 'written';
    this.#owesDrain = true;
    if (this.bufferedBytes * 2 > maxBufferedBytes) this.#stopReading();
    return 'queued';
  }

  /** Under the policy `wait`, who does not read answers cannot ask. */
  #stopReading(): void {
    if (this.#context.slowConsumer === 'wait') this.delivery.peerLagsBehind();
  }

  #admits(data: string | Uint8Array): boolean {
    if (typeof data !== 'string') return this.#admitsBytes(data.length);
    const hasRoom = this.#writer.hasRoom(data.length * 3, this.#context.maxBufferedBytes);
    return hasRoom || this.#admitsBytes(Buffer.byteLength(data));
  }

  #admitsBytes(byteLength: number): boolean {
    const { maxBufferedBytes } = this.#context;
    if (this.#writer.hasRoom(byteLength, maxBufferedBytes)) return true;
    // That we compress slowly is no fault of the peer's, and what this turn has collected may not have met the kernel.
    this.#sender?.finish();
    this.flush();
    return this.bufferedBytes === 0 || this.bufferedBytes + byteLength <= maxBufferedBytes;
  }

  #refuse(): SendResult {
    const { slowConsumer, maxBufferedBytes } = this.#context;
    if (slowConsumer === 'close') {
      const reason = `slow consumer: over ${maxBufferedBytes} bytes would wait to be sent`;
      this.fail(CloseCode.POLICY_VIOLATION, reason);
      return 'dropped';
    }
    this.#stopReading();
    this.oweDrain();
    return 'dropped';
  }
}

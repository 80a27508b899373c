import type { Duplex } from 'node:stream';
import { Connection, type ConnectionHandler } from '@hawser/protocol/websocket';
import type { Deflation } from './compression/compressor.ts';
import { DeflatingSender } from './deflating-sender.ts';
import { Delivery, type DeliveryHost } from './delivery.ts';
import { nextTick } from './event-loop.ts';
import type { RosterMember } from './roster.ts';
import type { ConnectionEnding, StreamContext } from './stream-context.ts';
import { StreamOutput } from './stream-output.ts';
import { cutStream, ownStream, readLater, remoteAddressOf, type StreamOwner } from './stream-owner.ts';
import { StreamWriter } from './stream-writer.ts';

/** The shell of a connection: carries bytes between a Duplex stream and the protocol machine. */
export class StreamConnection<Peer>
  extends StreamOutput<Peer>
  implements ConnectionHandler, DeliveryHost, StreamOwner, RosterMember
{
  readonly peer: Peer;
  rosterIndex = -1;
  protected readonly machine: Connection;
  protected readonly writer: StreamWriter;
  protected sender: DeflatingSender | null;
  /** Once something was held back: an idle connection is spared it. */
  #delivery: Delivery | null = null;
  #deflation: Deflation | null;
  /** What may call the user's handlers is running. */
  #isReading = false;
  /** The transport is gone, and what came before has to be delivered first. */
  #isEndHeld = false;

  /** @param deflation - what messages are compressed with, where that was agreed on */
  constructor(
    stream: Duplex,
    context: StreamContext<Peer>,
    deflation: Deflation | null,
    peerOf: (self: StreamConnection<Peer>) => Peer,
  ) {
    super(stream, context);
    this.machine = new Connection(this, context.endpoint, deflation !== null);
    this.writer = new StreamWriter(stream, this.machine.outbox);
    this.#deflation = deflation;
    this.sender = deflation && new DeflatingSender(this.machine, this.writer, deflation, this);
    this.peer = peerOf(this);
  }

  /** What holds messages back, and delivers them again. */
  get delivery(): Delivery {
    this.#delivery ??= new Delivery(this.machine, this.stream, this);
    return this.#delivery;
  }

  get isOpen(): boolean {
    return this.machine.isOpen;
  }

  /** 1 (open), 2 (closing) or 3 (closed), as the browser's `WebSocket` counts. */
  get readyState(): 1 | 2 | 3 {
    return this.machine.isOpen ? 1 : this.isClosed ? 3 : 2;
  }

  /** How the connection ends. */
  get ending(): ConnectionEnding {
    return this.machine;
  }

  /** The peer's IP address; empty once the connection is closed, and where the stream has none. */
  get remoteAddress(): string {
    return remoteAddressOf(this.stream);
  }

  /** Begins: writes `head`, as Latin-1, in one with what `begin` sends, then reads `rest`, which came in with the handshake. */
  start(head: string | null, rest: Uint8Array, begin: () => void): void {
    ownStream(this.stream, this);
    if (this.stream.isPaused()) this.stream.resume();
    if (head !== null) this.machine.outbox.appendLatin1(head);
    this.read(() => {
      begin();
      if (rest.length > 0) this.machine.receive(rest);
    });
  }

  /** @see Connection.close */
  close(code: number | undefined, reason: string): boolean {
    const isBegun = this.machine.close(code, reason);
    if (isBegun) this.markFlush();
    return isBegun;
  }

  /** @see Connection.fail */
  fail(code: number, reason: string): void {
    this.machine.fail(code, reason);
  }

  /** Cuts the connection without a close frame; `closed` reports 1006. */
  terminate(): void {
    this.machine.abort('');
    cutStream(this.stream);
  }

  tick(nowMs: number): void {
    this.writer.noteWritten();
    // Whoever does not listen cannot call the peer silent.
    if (this.#delivery?.isDeaf) this.machine.markAlive();
    this.machine.tick(nowMs);
    if (this.machine.outbox.byteLength > 0) this.flush();
  }

  nextDeadline(): number {
    return this.machine.nextDeadline();
  }

  /** Runs what may call the user's handlers, and writes what it sent. */
  read(run: () => void): void {
    const wasReading = this.#isReading;
    this.#isReading = true;
    this.isFlushDue = true;
    try {
      run();
    } catch (error) {
      this.context.events.failed(error, this);
    }
    this.#isReading = wasReading;
    this.readDone();
  }

  onData(chunk: Buffer, isLent = false): void {
    // A handler had a write made within which TLS reads on.
    if (this.#isReading) {
      // What is read of a stream that said itself that it is gone is emitted as well.
      if (!this.isClosed) readLater(this.stream, isLent ? Buffer.from(chunk) : chunk);
      return;
    }
    this.wasHeard = true;
    this.writer.noteWritten();
    // As `read` does, without a closure for each chunk.
    this.#isReading = true;
    this.isFlushDue = true;
    try {
      this.machine.receive(chunk, isLent);
    } catch (error) {
      this.context.events.failed(error, this);
    }
    this.#isReading = false;
    this.readDone();
  }

  onLentData(chunk: Buffer): void {
    this.onData(chunk, true);
  }

  onEnd(): void {
    this.writer.noteWritten();
    const isEndHeard = this.context.events.cutWhileHeld !== undefined && this.#delivery?.isPausedByUser;
    if (isEndHeard && !this.machine.holdsInput) this.read(() => this.machine.abort(''));
    else this.read(() => this.machine.receiveEof());
  }

  onError(error: Error): void {
    // What is held back comes with `close`, and not in the middle of a chunk.
    if (!this.#holdsRest()) this.machine.abort(error.message);
    // One that was told not to destroys itself for no error.
    if (!this.stream.destroyed) cutStream(this.stream);
  }

  onClose(): void {
    // A stream that said so itself says so again when it is destroyed.
    if (this.isClosed && !this.#isEndHeld) return;
    this.isClosed = true;
    this.#isEndHeld = this.#holdsRest() && !this.#deliverRest();
    if (this.#isEndHeld) return;
    this.machine.abort('');
    this.#delivery?.stop();
    this.writer.strand();
    // Whoever keeps a closed connection does not keep its history.
    this.#deflation = null;
    this.sender = null;
    this.read(() => this.context.events.closed(this));
  }

  onReset(): void {
    // There is nothing left to wait for but what it sent.
    this.peerKeepsUp();
  }

  onReleased(): void {
    if (this.#isEndHeld) this.onClose();
  }

  onLeftToUser(): void {
    // The end was heard while there was another reason, too.
    if (this.machine.isPaused && this.stream.readableEnded) this.onEnd();
  }

  onMessage(data: Uint8Array, isBinary: boolean, fragmentEnds: readonly number[] | null): void {
    this.context.events.message(this.peer, data as Buffer, isBinary, fragmentEnds);
  }

  onText(text: string): void {
    this.context.events.text!(this.peer, text);
  }

  onCompressedMessage(data: Uint8Array, isBinary: boolean): Uint8Array | null {
    const { maxMessageBytes } = this.context.endpoint.options;
    return this.delivery.inflate(this.#deflation!, data, isBinary, maxMessageBytes);
  }

  onPing(data: Uint8Array): void {
    this.context.events.ping(this.peer, data as Buffer);
  }

  onPong(data: Uint8Array): void {
    this.context.events.pong(this.peer, data as Buffer);
  }

  onPingFlood(): void {
    this.context.events.pingFlood?.(this);
  }

  onEnding(): void {
    this.context.events.ending?.(this);
    this.sender?.finish();
    if (this.owesDrain) this.oweDrain();
  }

  onClosing(): void {
    this.context.events.closing(this);
  }

  onFinished(): void {
    this.isFinished = true;
    this.context.events.finished?.(this);
    if (this.stream.destroyed) return;
    // The peer's end of the stream has to be seen, whatever was held back.
    this.stream.resume();
    this.markFlush();
  }

  onTimeout(): void {
    cutStream(this.stream);
    // It may have been gone before, with what came last held back.
    this.onReleased();
  }

  protected peerLagsBehind(): void {
    this.delivery.peerLagsBehind();
  }

  protected peerKeepsUp(): void {
    this.#delivery?.peerKeepsUp();
  }

  /** Tells whether something that came before the transport was gone is still to be delivered, and says so. */
  #holdsRest(): boolean {
    const { cutWhileHeld } = this.context.events;
    // One that ended well, of HTTP/2, may be gone before the last of it is delivered.
    if (cutWhileHeld === undefined) return this.machine.holdsInput && this.stream.readableEnded;
    if (!(this.machine.isPaused || this.#isEndHeld)) return false;
    cutWhileHeld(this);
    return true;
  }

  /**
   * Where the user is to get what is held back although the transport is gone, sees to that.
   * @returns `false` while something of it still has to be waited for: then `onReleased` follows
   */
  #deliverRest(): boolean {
    if (this.context.events.cutWhileHeld === undefined) return false;
    if (!this.#isReading) return this.delivery.finish();
    // A listener had the stream report its end: the chunk in hand comes first.
    nextTick(() => this.onReleased());
    return false;
  }
}

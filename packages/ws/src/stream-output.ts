import type { Duplex } from 'node:stream';
import { CloseCode, type Connection } from '@hawser/protocol/websocket';
import type { DeflatingHost, DeflatingSender } from './deflating-sender.ts';
import { BINARY_MESSAGE, type FrameOptions, type Outgoing, TEXT_MESSAGE } from './outgoing.ts';
import type { SendResult, StreamContext } from './stream-context.ts';
import { endStream, isGone } from './stream-owner.ts';
import type { StreamWriter } from './stream-writer.ts';
import type { Flushable } from './turn-flusher.ts';

/**
 * What goes out over a connection: bounds what waits to be sent, and writes once for each chunk received and once for each
 * turn of the event loop.
 */
export abstract class StreamOutput<Peer> implements DeflatingHost, Flushable {
  abstract readonly peer: Peer;
  /** Something came from the peer, or it read what waited for it; whoever asks sets it back. */
  wasHeard = true;
  protected readonly stream: Duplex;
  protected readonly context: StreamContext<Peer>;
  protected abstract readonly machine: Connection;
  protected abstract readonly writer: StreamWriter;
  protected abstract sender: DeflatingSender | null;
  /** A chunk is being read, or a flush is marked: output need not be marked again. */
  protected isFlushDue = false;
  protected isFinished = false;
  protected isClosed = false;
  /** The user was told `queued` or `dropped`, and is owed a `drain`. */
  protected owesDrain = false;

  constructor(stream: Duplex, context: StreamContext<Peer>) {
    this.stream = stream;
    this.context = context;
  }

  /** Bytes that wait in memory, headers included: here, and in the stream. */
  get bufferedBytes(): number {
    return this.writer.bufferedBytes;
  }

  /** As many of them as were written past the stream, which does not know of them. */
  get directBytes(): number {
    return this.writer.directBytes;
  }

  send(data: string | Uint8Array, isBinary: boolean): SendResult {
    return this.sendFrame(data, isBinary ? BINARY_MESSAGE : TEXT_MESSAGE);
  }

  /** Sends a message, or one frame of it, as `options` say. */
  sendFrame(data: string | Uint8Array, options: FrameOptions): SendResult {
    if (!this.machine.isOpen) return 'closed';
    if (!this.#admits(data)) return this.#refuse();
    if (this.sender === null) {
      this.machine.sendMessage(data, options.isBinary, false, options.isFinal);
      if (options.onWritten !== null) this.writer.whenWritten(options.onWritten);
    } else {
      this.sender.send(data, options);
    }
    return this.#sent();
  }

  sendOutgoing(message: Outgoing): SendResult {
    if (!this.machine.isOpen) return 'closed';
    if (!this.#admitsBytes(message.byteLength)) return this.#refuse();
    if (this.sender === null) message.sendTo(this.machine, this.writer, null);
    else this.sender.sendOutgoing(message);
    return this.#sent();
  }

  /** Sends a ping or a pong, before what waits to be compressed. */
  sendControl(kind: 'ping' | 'pong', data: Uint8Array): SendResult {
    if (!this.machine.isOpen) return 'closed';
    if (!this.#admitsBytes(data.length)) return this.#refuse();
    this.machine[kind](data);
    return this.#sent();
  }

  /** @see Connection.fail */
  abstract fail(code: number, reason: string): void;

  /** Runs what may call the user's handlers, and writes what it sent. */
  abstract read(run: () => void): void;

  /** Has `drain` reported when all that waits now has left. */
  oweDrain(): void {
    this.owesDrain = true;
    // A stream that holds little does not announce a drain by itself.
    if (!this.writer.isWaiting) this.writer.block(() => this.onDrain());
  }

  flush(): void {
    this.isFlushDue = false;
    if (this.isClosed) return;
    const { outbox } = this.machine;
    while (outbox.byteLength > 0 && !this.writer.isBlocked && this.writer.write()) {
      this.machine.outboxWritten();
    }
    if (this.isFinished && outbox.byteLength === 0) this.#endStream();
  }

  /** Gives the stream all that waits, however much it holds: what others write to it is to come behind that. */
  handOver(): void {
    const { outbox } = this.machine;
    if (!this.isClosed) while (outbox.byteLength > 0 && this.writer.write()) this.machine.outboxWritten();
    this.flush();
  }

  /** Runs `send`, and writes what it sent at once, whatever it throws. */
  writeAtOnce(send: () => void): void {
    this.isFlushDue = true;
    try {
      send();
    } finally {
      this.flush();
    }
  }

  onDrain(): void {
    this.writer.unblock();
    this.machine.markAlive();
    this.wasHeard = true;
    this.flush();
    this.#drained();
  }

  onCompressed(): void {
    this.flush();
    this.#drained();
  }

  /**
   * Where delivery is paused, more may be sent in this very turn: one write for all of it. Where messages are
   * compressed, so long passes between the answers to two peers that each write would find the kernel at rest: close
   * together they take a quarter less of the CPU of an echo (`npm run bench -- --only deflate-echo`).
   */
  protected readDone(): void {
    this.isFlushDue = false;
    if (this.machine.isPaused || this.sender !== null) this.markFlush();
    else this.flush();
  }

  protected markFlush(): void {
    if (this.isFlushDue) return;
    this.isFlushDue = true;
    this.context.flusher.mark(this);
  }

  /** Nothing more of the peer is read until it keeps up. */
  protected abstract peerLagsBehind(): void;

  protected abstract peerKeepsUp(): void;

  /** If nothing waits any more: tells so, and reads on. */
  #drained(): void {
    if (this.writer.isWaiting) return;
    if (this.owesDrain) {
      this.owesDrain = false;
      this.read(() => this.context.events.drain(this.peer));
    }
    // What `drain` sent may have filled it again.
    if (!this.writer.isWaiting) this.peerKeepsUp();
  }

  #endStream(): void {
    if (!this.stream.writableEnded && !isGone(this.stream)) endStream(this.stream);
  }

  #sent(): SendResult {
    const { maxUnwrittenBytes, maxBufferedBytes } = this.context;
    // Whether the peer keeps up shows only when it is written to.
    if (!this.writer.isBlocked && this.machine.outbox.byteLength > maxUnwrittenBytes) this.flush();
    if (!this.writer.isBlocked) this.markFlush();
    // Where too much waited to be compressed, all of it was handed over by now.
    if (this.owesDrain) this.oweDrain();
    if (!this.writer.isWaiting) return 'written';
    this.owesDrain = true;
    if (this.bufferedBytes * 2 > maxBufferedBytes) this.#stopReading();
    return 'queued';
  }

  /** Under the policy `wait`, who does not read answers cannot ask. */
  #stopReading(): void {
    if (this.context.slowConsumer === 'wait') this.peerLagsBehind();
  }

  #admits(data: string | Uint8Array): boolean {
    if (typeof data !== 'string') return this.#admitsBytes(data.length);
    const hasRoom = this.writer.hasRoom(data.length * 3, this.context.maxBufferedBytes);
    return hasRoom || this.#admitsBytes(Buffer.byteLength(data));
  }

  #admitsBytes(byteLength: number): boolean {
    const { maxBufferedBytes } = this.context;
    if (this.writer.hasRoom(byteLength, maxBufferedBytes)) return true;
    // That we compress slowly is no fault of the peer's, and what this turn has collected may not have met the kernel.
    this.sender?.finish();
    this.flush();
    return this.bufferedBytes === 0 || this.bufferedBytes + byteLength <= maxBufferedBytes;
  }

  #refuse(): SendResult {
    const { slowConsumer, maxBufferedBytes } = this.context;
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

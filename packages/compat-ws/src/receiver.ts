import { Writable } from 'node:stream';
import { Connection, type ConnectionHandler, PERMESSAGE_DEFLATE } from '@hawser/protocol/websocket';
import { attempt, type StreamConnection, setImmediate } from '@hawser/ws/internal';
import { type BinaryType, reasonBytes, shapeMessage, toBuffer } from './payload.ts';
import type { PerMessageDeflate } from './permessage-deflate.ts';
import { createEndpoint, type SocketOptions } from './socket-settings.ts';
import { toError } from './violation-error.ts';
import type { WebSocket } from './websocket.ts';

/** What a {@link Receiver} is made with. */
export interface ReceiverOptions extends SocketOptions {
  readonly binaryType?: BinaryType | undefined;
  readonly extensions?: Readonly<Record<string, PerMessageDeflate>> | undefined;
  readonly isServer?: boolean | undefined;
}

type WriteDone = (error?: Error | null) => void;

/**
 * Reads frames that are written to it: `message(data, isBinary)`, `ping(data)`, `pong(data)`, and
 * `conclude(code, reason)` at a close frame, after which nothing counts any more.
 */
export class Receiver extends Writable implements ConnectionHandler {
  _binaryType: BinaryType;
  readonly _extensions: Readonly<Record<string, PerMessageDeflate>>;
  readonly _isServer: boolean;
  readonly _allowSynchronousEvents: boolean;
  readonly _maxBufferedChunks: number;
  readonly _maxFragments: number;
  readonly _maxPayload: number;
  readonly _skipUTF8Validation: boolean;
  readonly #machine: Connection;
  /** Tells the writer that its chunk is read. */
  #done: WriteDone | null = null;
  /** A message is being inflated, or an event waits for its turn to end. */
  #isWaiting = false;

  constructor(options: ReceiverOptions = {}) {
    super();
    this._binaryType = options.binaryType ?? 'nodebuffer';
    this._extensions = options.extensions ?? {};
    this._isServer = options.isServer ?? false;
    this._maxPayload = (options.maxPayload ?? 0) | 0;
    this._skipUTF8Validation = options.skipUTF8Validation ?? false;
    this._allowSynchronousEvents = options.allowSynchronousEvents ?? true;
    this._maxBufferedChunks = (options.maxBufferedChunks ?? 0) | 0;
    this._maxFragments = (options.maxFragments ?? 0) | 0;
    const endpoint = createEndpoint({ ...options, autoPong: false }, options.isServer ? 'server' : 'client');
    this.#machine = new Connection(this, endpoint, PERMESSAGE_DEFLATE in this._extensions);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: WriteDone): void {
    this.#done = done;
    this.#machine.receive(chunk);
    this.#settle();
  }

  onMessage(data: Uint8Array, isBinary: boolean, fragmentEnds: readonly number[] | null): void {
    const message = toBuffer(data);
    const shaped = isBinary ? shapeMessage(message, this._binaryType, fragmentEnds) : message;
    this.#report('message', shaped, isBinary);
  }

  onCompressedMessage(data: Uint8Array, isBinary: boolean): null {
    this.#wait();
    this._extensions[PERMESSAGE_DEFLATE]!.decompress(data as Buffer, true, (error, inflated) => {
      if (error) this.#done?.(error);
      else this.#resume(() => this.#machine.deliver(inflated!, isBinary));
    });
    return null;
  }

  onPing(data: Uint8Array): void {
    this.#report('ping', toBuffer(data));
  }

  onPong(data: Uint8Array): void {
    this.#report('pong', toBuffer(data));
  }

  onClosing(): void {
    const { violation, closeCode, closeReason } = this.#machine;
    if (violation !== null) return;
    this.emit('conclude', closeCode, reasonBytes(closeReason, this._skipUTF8Validation));
    this.end();
  }

  onFinished(): void {}

  onTimeout(): void {}

  #report(event: string, ...args: unknown[]): void {
    if (!this._allowSynchronousEvents) {
      this.#wait();
      setImmediate(() => this.#resume(() => {}));
    }
    this.emit(event, ...args);
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#machine.pause();
  }

  #resume(deliver: () => void): void {
    this.#isWaiting = false;
    deliver();
    if (!this.#isWaiting) this.#machine.resume();
    this.#settle();
  }

  #settle(): void {
    if (this.#isWaiting) return;
    const done = this.#done;
    this.#done = null;
    const { violation } = this.#machine;
    done?.(violation === null ? null : toError(violation));
  }
}

/** The receiver of a connection: a view of its settings. What is written to it counts as read from the socket. */
export class ConnectionReceiver extends Receiver {
  readonly #connection: StreamConnection<WebSocket>;

  constructor(connection: StreamConnection<WebSocket>, options: ReceiverOptions) {
    super(options);
    this.#connection = connection;
  }

  /** The peer's close frame came. */
  conclude(code: number, reason: Buffer): void {
    attempt(() => this.emit('conclude', code, reason));
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: WriteDone): void {
    this.#connection.onData(chunk);
    done();
  }
}

import { EventEmitter } from 'node:events';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { PERMESSAGE_DEFLATE } from '@hawser/protocol/websocket';
import { inThisContext, StreamConnection, throwLater, type WriteCallback } from '@hawser/ws/internal';
import { checkCloseArguments, controlArguments } from './arguments.ts';
import { abortHandshake, type ClientOptions, connect } from './connect.ts';
import { addHandler, defineHandlerAttributes, removeHandler } from './event-target.ts';
import { BINARY_TYPES, type BinaryType, EMPTY_BUFFER, reasonBytes, shapeMessage } from './payload.ts';
import type { PerMessageDeflate } from './permessage-deflate.ts';
import {
  CLOSED,
  CLOSING,
  CONNECTING,
  defineReadyStates,
  makeAttributesEnumerable,
  OPEN,
  STATE_NAMES,
} from './ready-state.ts';
import { ConnectionReceiver, type Receiver } from './receiver.ts';
import { byteLengthOf, ConnectionSender, type Sender, type SenderOptions } from './sender.ts';
import { Sending } from './sending.ts';
import { answerByClose } from './socket-events.ts';
import { type AcceptedOptions, type SocketOptions, SocketSettings } from './socket-settings.ts';
import { toError } from './violation-error.ts';

/** Up to so much of what this turn sent is not counted by `bufferedAmount`: it leaves when the turn ends. */
const MAX_UNCOUNTED_BYTES = 16_384;

const DEFAULT_CLOSE_TIMEOUT_MS = 30_000;

const NO_BYTES = new Uint8Array(0);
const NO_EXTENSIONS: Readonly<Record<string, PerMessageDeflate>> = Object.freeze({});

/**
 * A WebSocket with the interface of the class of that name in `ws`.
 *
 * | `readyState`   | left by                                                                |
 * | -------------- | ---------------------------------------------------------------------- |
 * | 0 (connecting) | `setSocket`, with `open`; a failure, with `error` and `close`          |
 * | 1 (open)       | `close()`, the peer's close frame, a failure, the end of the socket    |
 * | 2 (closing)    | the end of the socket, with `close`                                    |
 */
export class WebSocket extends EventEmitter {
  declare static readonly CONNECTING: 0;
  declare static readonly OPEN: 1;
  declare static readonly CLOSING: 2;
  declare static readonly CLOSED: 3;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;
  declare onopen: unknown;
  declare onmessage: unknown;
  declare onerror: unknown;
  declare onclose: unknown;

  readonly _isServer: boolean;
  readonly _autoPong: boolean;
  readonly _closeTimeout: number;
  _readyState: 0 | 1 | 2 | 3 = CONNECTING;
  _binaryType: BinaryType = 'nodebuffer';
  _extensions: Readonly<Record<string, PerMessageDeflate>> = NO_EXTENSIONS;
  _protocol = '';
  _paused = false;
  _errorEmitted = false;
  _closeTimer: NodeJS.Timeout | null = null;
  /** Bytes that were given to `send` too late. */
  _bufferedAmount = 0;
  /** Of a client. */
  declare _url: string;
  declare _req: ClientRequest | null;
  declare _redirects: number;
  _connection: StreamConnection<WebSocket> | null = null;
  #stream: Duplex | null = null;
  #settings: SocketSettings | null = null;
  #sender: ConnectionSender | null = null;
  #receiver: ConnectionReceiver | null = null;
  #isCloseSent = false;
  #sending: Sending | null = null;

  /** @param address - `null` for the server's end of a connection, which `setSocket` completes */
  constructor(
    address: string | URL | null,
    protocols?: string | readonly string[] | ClientOptions,
    options?: ClientOptions & AcceptedOptions,
  ) {
    super();
    this._isServer = address === null;
    const hasProtocols = typeof protocols !== 'object' || protocols === null || Array.isArray(protocols);
    const given = hasProtocols ? options : (protocols as ClientOptions & AcceptedOptions);
    this._autoPong = given?.autoPong ?? true;
    this._closeTimeout = given?.closeTimeout ?? DEFAULT_CLOSE_TIMEOUT_MS;
    if (address === null) return;
    this._redirects = 0;
    this._req = null;
    const names = hasProtocols && protocols !== undefined ? protocols : given?.protocols;
    connect(this, address, names === undefined ? [] : ([names].flat() as string[]), given ?? {});
  }

  get binaryType(): BinaryType {
    return this._binaryType;
  }

  set binaryType(type: BinaryType) {
    if (BINARY_TYPES.includes(type)) this._binaryType = type;
  }

  /** Bytes that wait in memory because the peer does not keep up. */
  get bufferedAmount(): number {
    const connection = this._connection;
    const stream = this.#stream;
    if (connection === null || stream === null) return this._bufferedAmount;
    let bytes = connection.bufferedBytes;
    if (bytes > MAX_UNCOUNTED_BYTES) {
      connection.flush();
      bytes = connection.bufferedBytes;
    } else if (stream.writableLength === 0 && connection.directBytes === 0) {
      bytes = 0;
    }
    return bytes + this.#sending!.waitingBytes + this._bufferedAmount;
  }

  get extensions(): string {
    return Object.keys(this._extensions).join();
  }

  get isPaused(): boolean {
    return this._paused;
  }

  get protocol(): string {
    return this._protocol;
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this._readyState;
  }

  get url(): string {
    return this._url;
  }

  /** The socket below. What was sent before is given to it first, so that whoever writes to it writes behind that. */
  get _socket(): Duplex | null {
    this._connection?.handOver();
    return this.#stream;
  }

  /** Sends what others framed. */
  get _sender(): Sender | null {
    if (this._connection === null) return null;
    this.#sender ??= new ConnectionSender(this, this.#stream!, this.#sending!, this.#settings!);
    return this.#sender;
  }

  /** A view of the receiving side: its settings, and the event `conclude`; what is written to it is read. */
  get _receiver(): Receiver | null {
    if (this._connection === null) return null;
    this.#receiver ??= new ConnectionReceiver(this._connection, {
      ...this.#settings,
      binaryType: this._binaryType,
      extensions: this._extensions,
      isServer: this._isServer,
    });
    return this.#receiver;
  }

  get _closeFrameReceived(): boolean {
    return this._connection?.ending.wasClean ?? false;
  }

  get _closeFrameSent(): boolean {
    return this.#isCloseSent || this._closeFrameReceived;
  }

  /** The peer's close code; 1006 as long as there is none. */
  get _closeCode(): number {
    return this._closeFrameReceived ? this._connection!.ending.closeCode : 1006;
  }

  get _closeMessage(): Buffer {
    if (!this._closeFrameReceived) return EMPTY_BUFFER;
    return reasonBytes(this._connection!.ending.closeReason, this.#settings!.skipUTF8Validation);
  }

  addEventListener(
    type: string,
    handler: Parameters<typeof addHandler>[2],
    options: { once?: boolean | undefined } = {},
  ): void {
    addHandler(this, type, handler, options);
  }

  removeEventListener(type: string, handler: Parameters<typeof removeHandler>[2]): void {
    removeHandler(this, type, handler);
  }

  /**
   * Takes over a socket whose handshake is done, and emits `open`.
   * @param head - what came in behind the handshake
   */
  setSocket(socket: Duplex, head: Buffer, options: SocketOptions): void {
    const role = this._isServer ? 'server' : 'client';
    this.#settings = options instanceof SocketSettings ? options : new SocketSettings(options, role);
    const deflation = this._extensions[PERMESSAGE_DEFLATE]?.deflation ?? null;
    const connection = new StreamConnection<WebSocket>(socket, this.#settings.context, deflation, () => this);
    this._connection = connection;
    this.#stream = socket;
    this.#sending = new Sending(this, connection, socket, this.#settings, deflation);
    (socket as Partial<Socket>).setTimeout?.(0);
    (socket as Partial<Socket>).setNoDelay?.();
    // Read when this turn is over, so that nobody misses a message.
    if (head.length > 0) socket.unshift(head);
    connection.start(null, NO_BYTES, () => {});
    this._readyState = OPEN;
    this.emit('open');
  }

  /** Emits `close`. */
  emitClose(): void {
    this._extensions[PERMESSAGE_DEFLATE]?.cleanup();
    this._readyState = CLOSED;
    this.emit('close', this._closeCode, this._closeMessage);
  }

  close(code?: number, data?: string | Buffer): void {
    if (this._readyState === CONNECTING) {
      this.#abortConnect();
    } else if (this._readyState === OPEN) {
      const reason = checkCloseArguments(code, data);
      this._readyState = CLOSING;
      this.#isCloseSent = true;
      this.#startCloseTimer();
      this.#sending!.close(code, reason);
    }
  }

  pause(): void {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;
    this._paused = true;
    this._connection!.delivery.pause();
  }

  resume(): void {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;
    this._paused = false;
    this._connection!.delivery.resume();
  }

  ping(data?: unknown, mask?: boolean | WriteCallback, callback?: WriteCallback): void {
    this.#sendControl('ping', ...controlArguments(data, mask, callback));
  }

  pong(data?: unknown, mask?: boolean | WriteCallback, callback?: WriteCallback): void {
    this.#sendControl('pong', ...controlArguments(data, mask, callback));
  }

  send(data: unknown, options?: SenderOptions | WriteCallback, callback?: WriteCallback): void {
    if (this._readyState !== OPEN) {
      this.#refuse(data, typeof options === 'function' ? options : callback);
      return;
    }
    if (typeof options === 'function') {
      callback = options;
      options = undefined;
    }
    this.#sending!.send(data, options, callback ? inThisContext(callback) : undefined);
  }

  terminate(): void {
    if (this._readyState === CLOSED) return;
    if (this._readyState === CONNECTING) {
      this.#abortConnect();
    } else if (this._connection !== null) {
      this._readyState = CLOSING;
      // It was sent before, so it leaves before, but for what is still to be compressed.
      this.#sending!.abandonCompressed();
      this._connection.flush();
      this._connection.terminate();
    }
  }

  /** Emits a message. What a listener throws must not disturb those that follow. */
  _deliver(data: Buffer, isBinary: boolean, fragmentEnds: readonly number[] | null): void {
    const isPlain = !isBinary || this._binaryType === 'nodebuffer';
    // Nothing to look at, and no reason to keep the chunk that it came in.
    if (data.length === 0) data = EMPTY_BUFFER;
    try {
      const shaped = isPlain ? data : shapeMessage(data, this._binaryType, fragmentEnds);
      this.emit('message', shaped, isBinary);
    } catch (error) {
      throwLater(error);
    }
  }

  /** The connection is about to be no longer open: what waits to be compressed goes out first, if anybody reads it. */
  _onEnding(): void {
    // What that sends waits as well.
    if (this.close !== ownClose && this._readyState === OPEN) answerByClose(this);
    if (this.#stream!.readableEnded) this.#sending!.abandonCompressed();
    else this.#sending!.sendCompressed();
  }

  /** The socket is gone, and what was held back is still to come. */
  _onCut(): void {
    if (this._readyState === OPEN) this._readyState = CLOSING;
  }

  /** The connection is no longer open, whoever began to close it. */
  _onClosing(): void {
    if (this._readyState === OPEN) this._readyState = CLOSING;
    this.#startCloseTimer();
  }

  /** The peer's close frame came, or will not come any more. */
  _onFinished(): void {
    const { violation } = this._connection!.ending;
    if (violation !== null) this.#sending!.behindBlob(() => process.nextTick(() => this.#emitError()));
    if (this._closeFrameReceived) this.#receiver?.conclude(this._closeCode, this._closeMessage);
  }

  /** The socket is gone. */
  _onClosed(): void {
    clearTimeout(this._closeTimer ?? undefined);
    this._readyState = CLOSING;
    this.#sending!.end();
    if (this._connection!.ending.violation === null) this.emitClose();
    else this.#closeBehindBlob();
  }

  #sendControl(
    kind: 'ping' | 'pong',
    data: unknown,
    mask: boolean | undefined,
    callback: WriteCallback | undefined,
  ): void {
    if (this._readyState !== OPEN) this.#refuse(data, callback);
    else this.#sending!.sendControl(kind, data, mask, callback ? inThisContext(callback) : undefined);
  }

  #emitError(): void {
    const { violation } = this._connection!.ending;
    if (violation === null || this._errorEmitted) return;
    this._errorEmitted = true;
    this.emit('error', toError(violation));
  }

  /** Emits `error`, unless it was, and `close`: behind a blob that is being read, but no later than a close may take. */
  #closeBehindBlob(): void {
    const close = (): void => {
      clearTimeout(timer);
      if (this._readyState === CLOSED) return;
      try {
        this.#emitError();
      } finally {
        this.emitClose();
      }
    };
    const timer = setTimeout(close, this._closeTimeout);
    this.#sending!.behindBlob(close);
  }

  #abortConnect(): void {
    abortHandshake(this, this._req, 'WebSocket was closed before the connection was established');
  }

  #startCloseTimer(): void {
    const stream = this.#stream!;
    if (this._closeTimer !== null || stream.destroyed) return;
    this._closeTimer = setTimeout(() => stream.destroy(), this._closeTimeout);
  }

  /** What was to be sent cannot be: the connection ends without a close frame. */
  _failSending(error: Error): void {
    if (this._readyState === CLOSED) return;
    if (this._readyState === OPEN) {
      this._readyState = CLOSING;
      this.#startCloseTimer();
    }
    this._socket!.end();
    if (this._errorEmitted) return;
    this._errorEmitted = true;
    this.emit('error', error);
  }

  /** Refuses what is sent while the connection is not open. */
  #refuse(data: unknown, callback: WriteCallback | undefined): void {
    const state = this._readyState;
    const error = new Error(`WebSocket is not open: readyState ${state} (${STATE_NAMES[state]})`);
    if (state === CONNECTING) throw error;
    if (data) this._bufferedAmount += byteLengthOf(data);
    if (callback) process.nextTick(callback, error);
  }
}

const { close: ownClose } = WebSocket.prototype;
defineReadyStates(WebSocket);
defineHandlerAttributes(WebSocket.prototype);
makeAttributesEnumerable(WebSocket.prototype);

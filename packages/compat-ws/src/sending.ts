import type { Duplex } from 'node:stream';
import { MAX_COPIED_BYTES } from '@hawser/protocol/websocket';
import {
  type Broadcast,
  type Deflation,
  EncodedFrames,
  type FrameOptions,
  nextTick,
  OutgoingControl,
  type StreamConnection,
  setImmediate,
  type WriteCallback,
} from '@hawser/ws/internal';
import { checkControlPayload } from './arguments.ts';
import { BlobQueue } from './blob-queue.ts';
import { CompressionQueue } from './compression-queue.ts';
import { isBlob, toBuffer, toPayload } from './payload.ts';
import { byteLengthOf, type SenderOptions } from './sender.ts';
import type { SocketSettings } from './socket-settings.ts';
import { flushInTick } from './tick-flush.ts';
import type { WebSocket } from './websocket.ts';

/** What a socket sends while it is open, in order. */
export class Sending {
  readonly #socket: WebSocket;
  readonly #connection: StreamConnection<WebSocket>;
  readonly #stream: Duplex;
  readonly #settings: SocketSettings;
  readonly #deflation: Deflation | null;
  /** A message is being sent in fragments: what comes next continues it. */
  #isFragmenting = false;
  /** It is the turn in which the connection opened, or the next: known where messages are compressed. */
  #isOpening: boolean;
  #blobs: BlobQueue | null = null;
  #compression: CompressionQueue | null = null;

  /** @param deflation - what messages are compressed with, where that was agreed on */
  constructor(
    socket: WebSocket,
    connection: StreamConnection<WebSocket>,
    stream: Duplex,
    settings: SocketSettings,
    deflation: Deflation | null,
  ) {
    this.#stream = stream;
    this.#deflation = deflation;
    this.#socket = socket;
    this.#connection = connection;
    this.#settings = settings;
    this.#isOpening = deflation !== null;
    // Between the two, what came with the handshake is read.
    if (this.#isOpening) setImmediate(() => setImmediate(() => this.#opened()));
  }

  /** Bytes of payloads that wait to be read or compressed, or behind one that does. */
  get waitingBytes(): number {
    return (this.#blobs?.waitingBytes ?? 0) + (this.#compression?.waitingBytes ?? 0);
  }

  /** What waits to be compressed, and behind that. */
  get waiting(): readonly unknown[] {
    return this.#compression?.waiting ?? [];
  }

  /** Compresses and sends what waits for the end of the turn. */
  sendCompressed(): void {
    this.#compression?.flush();
  }

  /** Nothing that waits to be compressed is to be sent any more. */
  abandonCompressed(): void {
    this.#compression?.abandon();
  }

  /**
   * Runs `task`: where messages are compressed, behind a blob that is being read and was next to be sent. In `ws`, what
   * comes behind compressed messages is read later than that.
   */
  behindBlob(task: () => void): void {
    if (this.#deflation === null || this.#blobs === null) task();
    else this.#blobs.behindReading(task);
  }

  /** The connection is gone. */
  end(): void {
    this.#compression?.end();
  }

  send(data: unknown, options: SenderOptions | undefined, callback: WriteCallback | undefined): void {
    if (callback !== undefined) flushInTick(this.#connection);
    if (typeof data === 'number') data = String(data);
    const all = withDefaults(data, options, this.#socket._isServer);
    const isOrdinary = Boolean(all.mask) !== this.#socket._isServer;
    if (isOrdinary && this.#isImmediate(data)) {
      this.#sendPayload(toPayload(data), all, callback);
      return;
    }
    this.#submit(data, callback, (payload) => {
      if (isOrdinary) this.#sendPayload(payload, all, callback);
      // Masked as the other side does.
      else this.#socket._sender!.send(payload, { ...all, compress: false }, callback);
    });
  }

  sendControl(
    kind: 'ping' | 'pong',
    data: unknown,
    mask: boolean | undefined,
    callback: WriteCallback | undefined,
  ): void {
    checkControlPayload(byteLengthOf(data));
    if (callback !== undefined) flushInTick(this.#connection);
    const send = (payload: string | Uint8Array): void => {
      if (mask === this.#socket._isServer) this.#socket._sender![kind](payload, mask, callback);
      else this.#sendControlPayload(kind, toBuffer(payload), callback);
    };
    if (this.#isImmediate(data)) send(toPayload(data));
    else this.#submit(data, callback, send);
  }

  close(code: number | undefined, reason: string): void {
    const byteLength = code === undefined ? 0 : 2 + Buffer.byteLength(reason);
    const close = (): void => {
      this.#inOrder(byteLength, undefined, () => this.#connection.close(code, reason));
    };
    if (this.#blobs === null) close();
    else this.#blobs.run(close);
  }

  /** Sends frames that somebody else encoded. */
  sendFrames(frames: readonly Uint8Array[], callback: WriteCallback | undefined): void {
    if (callback !== undefined) flushInTick(this.#connection);
    const message = new EncodedFrames(this.#settings.prepareFrames(frames), callback ?? null);
    this.#inOrder(message.byteLength, callback, () => {
      const result = this.#connection.sendOutgoing(message);
      if (result === 'closed' && callback !== undefined) {
        nextTick(callback, new Error('the connection is closed'));
      }
    });
  }

  #opened(): void {
    this.#isOpening = false;
    this.#compression?.opened();
  }

  #sendPayload(
    payload: string | Uint8Array,
    options: SenderOptions,
    callback: WriteCallback | undefined,
  ): void {
    const isBinary = Boolean(options.binary);
    const isFinal = Boolean(options.fin);
    const isCompressible = Boolean(options.compress);
    const isPlain = isFinal && isCompressible && callback === undefined;
    const isShareable = isPlain && !this.#isFragmenting && this.#settings.isServer;
    const broadcast = isShareable ? this.#settings.recall(payload, isBinary, this.#socket) : null;
    const isCompressed = isCompressible && this.#deflation !== null && this.#isWorthwhile(payload);
    const isBehind = isCompressed || this.#compression?.isEmpty === false;
    this.#isFragmenting = !isFinal;
    if (broadcast === null && isPlain && !isBehind) {
      this.#connection.send(payload, isBinary);
      return;
    }
    const frameOptions = { isBinary, isFinal, isCompressible, onWritten: callback ?? null };
    if (isBehind) this.#sendWithTurn(payload, broadcast, frameOptions);
    else if (broadcast !== null) this.#connection.sendOutgoing(broadcast);
    else this.#connection.sendFrame(payload, frameOptions);
  }

  #sendWithTurn(payload: string | Uint8Array, broadcast: Broadcast | null, options: FrameOptions): void {
    const isCopied = typeof payload !== 'string' && payload.length <= MAX_COPIED_BYTES && broadcast === null;
    const kept = isCopied ? Buffer.from(payload) : payload;
    broadcast?.keep();
    this.#compression ??= new CompressionQueue(
      this.#connection,
      this.#stream,
      this.#settings.context.flusher,
      this.#isOpening,
    );
    this.#compression.push(byteLengthOf(payload), options.onWritten ?? undefined, () => {
      if (broadcast === null) this.#connection.sendFrame(kept, options);
      else this.#connection.sendOutgoing(broadcast);
    });
  }

  #sendControlPayload(kind: 'ping' | 'pong', payload: Buffer, callback: WriteCallback | undefined): void {
    const isWaiting = this.#compression?.isEmpty === false;
    const kept = isWaiting ? Buffer.from(payload) : payload;
    this.#inOrder(payload.length, callback, () => {
      this.#connection.sendOutgoing(new OutgoingControl(kind, kept, callback ?? null));
    });
  }

  /** Sends now, or behind what waits to be compressed. */
  #inOrder(byteLength: number, callback: WriteCallback | undefined, send: () => void): void {
    if (this.#compression === null || this.#compression.isEmpty) send();
    else this.#compression.push(byteLength, callback, send);
  }

  #isWorthwhile(payload: string | Uint8Array): boolean {
    // What continues a message is compressed or not as that one is: it may wait in any case.
    return this.#isFragmenting || this.#deflation!.isWorthwhile(byteLengthOf(payload));
  }

  /** Nothing has to be read first. */
  #isImmediate(data: unknown): boolean {
    return !(this.#blobs?.isBusy || isBlob(data));
  }

  #submit(
    data: unknown,
    callback: WriteCallback | undefined,
    send: (payload: string | Uint8Array) => void,
  ): void {
    this.#blobs ??= new BlobQueue(this.#connection, (error) => this.#socket._failSending(error));
    this.#blobs.submit(data, callback, send, this.#compression?.isEmpty !== false);
  }
}

/** As in `ws`, an option that is there counts, be it `undefined`. */
function withDefaults(data: unknown, options: SenderOptions | undefined, isServer: boolean): SenderOptions {
  const defaults = { binary: typeof data !== 'string', compress: true, fin: true, mask: !isServer };
  return options ? { ...defaults, ...options } : defaults;
}

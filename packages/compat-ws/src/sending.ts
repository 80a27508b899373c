import type { StreamConnection, WriteCallback } from '@hawser/ws/internal';
import { checkControlPayload } from './arguments.ts';
import { BlobQueue } from './blob-queue.ts';
import { toBuffer, toPayload } from './payload.ts';
import { byteLengthOf, type SenderOptions } from './sender.ts';
import type { SocketSettings } from './socket-settings.ts';
import type { WebSocket } from './websocket.ts';

/** What a socket sends while it is open, in order. */
export class Sending {
  readonly #socket: WebSocket;
  readonly #connection: StreamConnection<WebSocket>;
  readonly #settings: SocketSettings;
  /** A message is being sent in fragments: what comes next continues it. */
  #isFragmenting = false;
  #blobs: BlobQueue | null = null;

  constructor(socket: WebSocket, connection: StreamConnection<WebSocket>, settings: SocketSettings) {
    this.#socket = socket;
    this.#connection = connection;
    this.#settings = settings;
  }

  /** Bytes of what waits behind a blob, and of the blob. */
  get waitingBytes(): number {
    return this.#blobs?.waitingBytes ?? 0;
  }

  send(data: unknown, options: SenderOptions | undefined, callback: WriteCallback | undefined): void {
    if (typeof data === 'number') data = String(data);
    const isBinary = options?.binary ?? typeof data !== 'string';
    const isOrdinary = options?.mask !== this.#socket._isServer;
    if (isOrdinary && this.#isImmediate(data)) {
      this.#sendPayload(toPayload(data), isBinary, options, callback);
      return;
    }
    this.#queue().submit(data, callback, (payload) => {
      if (isOrdinary) this.#sendPayload(payload, isBinary, options, callback);
      // Masked as the other side does.
      else this.#socket._sender!.send(payload, { ...options, binary: isBinary, compress: false }, callback);
    });
  }

  sendControl(
    kind: 'ping' | 'pong',
    data: unknown,
    mask: boolean | undefined,
    callback: WriteCallback | undefined,
  ): void {
    checkControlPayload(byteLengthOf(data));
    const send = (payload: string | Uint8Array): void => {
      if (mask === this.#socket._isServer) this.#socket._sender![kind](payload, mask, callback);
      else this.#connection.sendControl(kind, toBuffer(payload), callback ?? null);
    };
    if (this.#isImmediate(data)) send(toPayload(data));
    else this.#queue().submit(data, callback, send);
  }

  close(code: number | undefined, reason: string): void {
    if (this.#blobs === null) this.#connection.close(code, reason);
    else this.#blobs.run(() => this.#connection.close(code, reason));
  }

  #sendPayload(
    payload: string | Uint8Array,
    isBinary: boolean,
    options: SenderOptions | undefined,
    callback: WriteCallback | undefined,
  ): void {
    const isFinal = options?.fin ?? true;
    const isCompressible = options?.compress ?? true;
    const isPlain = isFinal && isCompressible && callback === undefined;
    const isShareable = isPlain && !this.#isFragmenting;
    this.#isFragmenting = !isFinal;
    if (isPlain) {
      const broadcast = isShareable ? this.#settings.recall(payload, isBinary) : null;
      if (broadcast === null) this.#connection.send(payload, isBinary);
      else this.#connection.sendOutgoing(broadcast);
    } else {
      const onWritten = callback ?? null;
      this.#connection.sendFrame(payload, { isBinary, isFinal, isCompressible, onWritten });
    }
  }

  /** Nothing has to be read first. */
  #isImmediate(data: unknown): boolean {
    return !(this.#blobs?.isBusy || data instanceof Blob);
  }

  #queue(): BlobQueue {
    this.#blobs ??= new BlobQueue(this.#connection, (error) => this.#socket._failSending(error));
    return this.#blobs;
  }
}

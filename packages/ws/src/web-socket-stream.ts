import type { ReadableStream, WritableStream } from 'node:stream/web';
import { type AcceptedResponse, formatExtensions } from '@hawser/protocol/websocket';
import { ClientConnection, type ClientEnd, type ClientEvents } from './client-connection.ts';
import type { WebSocketClientOptions } from './client-options.ts';
import { type CloseStatus, checkCloseStatus, NO_CLOSE_STATUS, resolveTarget } from './client-target.ts';
import { type SendData, toArrayBuffer } from './data.ts';
import { Deferred } from './deferred.ts';
import { MessageSink } from './message-sink.ts';
import { MessageSource } from './message-source.ts';
import { defineInterface, enforceUint16, toSequence, toText } from './web-idl.ts';

/** What one connection collects within a turn before it learns whether the server keeps up. */
const MAX_UNWRITTEN_BYTES = 65_536;

/** Options of a {@link WebSocketStream}. */
export interface WebSocketStreamOptions extends WebSocketClientOptions {
  /** Subprotocols in order of preference. */
  readonly protocols?: Iterable<string>;
  /** Breaks off the opening handshake. Once the connection is open it does nothing. */
  readonly signal?: AbortSignal;
}

/** An open connection. */
export interface WebSocketOpenInfo {
  /** The messages: text as strings, binary ones as bytes that are the reader's own. */
  readonly readable: ReadableStream<string | Uint8Array<ArrayBuffer>>;
  /** Takes messages: bytes are sent as binary, anything else as text. */
  readonly writable: WritableStream<SendData>;
  /** The extensions in use as the server accepted them; or an empty string. */
  readonly extensions: string;
  /** The subprotocol that the server chose, or an empty string. */
  readonly protocol: string;
}

/** How a connection is or was closed. */
export interface WebSocketCloseInfo {
  readonly closeCode?: number;
  readonly reason?: string;
}

/**
 * A WebSocket client as a pair of streams, with backpressure both ways.
 *
 * While a message waits to be read, nothing more is read from the network, so that the server has to wait. A write
 * is done when its message has left memory, so that whoever awaits it sends no faster than the server reads.
 *
 * Closing {@link WebSocketOpenInfo.writable} begins the closing handshake, and messages can still be read until
 * the server's close frame. {@link WebSocketStream.close}, cancelling the readable and aborting the writable begin
 * it too, and what was not read by then is dropped.
 *
 * @example
 * ```ts
 * import { WebSocketStream } from '@hawser/ws';
 *
 * const stream = new WebSocketStream('ws://127.0.0.1:8080/');
 * const { readable, writable } = await stream.opened;
 * await writable.getWriter().write('hello');
 * for await (const data of readable) console.log(data);
 * ```
 * @see https://github.com/ricea/websocketstream-explainer
 */
export class WebSocketStream {
  /** What a connection reports, for all streams. */
  static readonly #events: ClientEvents<WebSocketStream> = Object.freeze({
    opened: (stream, response) => stream.#open(response),
    message: (stream, data, isBinary) =>
      stream.#source?.push(isBinary ? new Uint8Array(toArrayBuffer(data)) : data.toString()),
    ping: () => {},
    pong: () => {},
    drain: (stream) => stream.#sink?.drained(),
    closing: () => {},
    closed: (stream, end) => stream.#end(end),
  } satisfies ClientEvents<WebSocketStream>);

  readonly #url: string;
  readonly #connection: ClientConnection<WebSocketStream> | null = null;
  readonly #opened = new Deferred<WebSocketOpenInfo>();
  readonly #closed = new Deferred<Required<WebSocketCloseInfo>>();
  /** The end of the handshake, and of what `signal` is listened to for. */
  readonly #handshake = new AbortController();
  #source: MessageSource<string | Uint8Array<ArrayBuffer>> | null = null;
  #sink: MessageSink | null = null;

  /**
   * @param url - `ws:`, `wss:`, `http:` or `https:`, without a fragment
   * @throws DOMException SyntaxError when the URL or a subprotocol is not valid, or one is repeated
   * @throws WS_ERR_OPTION when a bound is not a number from 0 on
   */
  constructor(url: string | URL, options: WebSocketStreamOptions = {}) {
    // biome-ignore lint/complexity/noArguments: Web IDL tells an argument that is missing from one that is undefined.
    if (arguments.length === 0)
      throw new TypeError('a WebSocketStream needs a URL: new WebSocketStream(url)');
    const { protocols = [], signal } = options;
    const list = toSequence(protocols);
    if (list === null) throw new TypeError("protocols must be a list: { protocols: ['chat'] }");
    const target = resolveTarget(url, list, options);
    this.#url = target.url.href;
    // Whoever looks at one promise only has seen the error there.
    this.#opened.promise.catch(() => {});
    this.#closed.promise.catch(() => {});
    if (signal?.aborted) {
      this.#fail(signal.reason);
      return;
    }
    this.#connection = new ClientConnection(this, WebSocketStream.#events, target, MAX_UNWRITTEN_BYTES);
    signal?.addEventListener('abort', () => this.#abort(signal.reason), { signal: this.#handshake.signal });
  }

  get url(): string {
    return this.#url;
  }

  /** The open connection. Rejects when there never was one. */
  get opened(): Promise<WebSocketOpenInfo> {
    return this.#opened.promise;
  }

  /**
   * Code and reason of the server's close frame. Rejects with a {@link WebSocketError} when the connection did not
   * close cleanly, and as `opened` does when there never was one.
   */
  get closed(): Promise<Required<WebSocketCloseInfo>> {
    return this.#closed.promise;
  }

  /**
   * Closes the connection, or breaks off connecting.
   *
   * @param info - `closeCode`: 1000, or 3000 to 4999; `reason`: at most 123 bytes of UTF-8
   * @throws DOMException InvalidAccessError when the code is another, SyntaxError when the reason is too long
   */
  close(info: WebSocketCloseInfo = {}): void {
    this.#close(toCloseStatus(info));
  }

  #close(status: CloseStatus): void {
    this.#connection?.close(status);
    this.#source?.discard();
    this.#sink?.stop();
  }

  #open({ protocol, extensions }: AcceptedResponse): void {
    const connection = this.#connection!;
    this.#handshake.abort();
    this.#source = new MessageSource(connection, (reason) => this.#close(statusOf(reason)));
    this.#sink = new MessageSink(connection, (reason) => this.#close(statusOf(reason)));
    const { readable } = this.#source;
    const { writable } = this.#sink;
    this.#opened.resolve({ readable, writable, extensions: formatExtensions(extensions), protocol });
  }

  #abort(reason: unknown): void {
    this.#fail(reason);
    this.#close(NO_CLOSE_STATUS);
  }

  #end({ code, reason, error }: ClientEnd): void {
    this.#handshake.abort();
    this.#source?.end(error);
    this.#sink?.end(error);
    if (error === null) this.#closed.resolve({ closeCode: code, reason });
    else this.#fail(error);
  }

  #fail(error: unknown): void {
    this.#opened.reject(error);
    this.#closed.reject(error);
  }
}
defineInterface(WebSocketStream);

/** Web IDL dictionary `WebSocketCloseInfo`. */
function toCloseStatus(info: WebSocketCloseInfo | null): CloseStatus {
  if (typeof info !== 'object' && typeof info !== 'function') {
    throw new TypeError('close takes an object: close({ closeCode: 1000 })');
  }
  const { closeCode, reason = '' } = info ?? {};
  const code = closeCode === undefined ? undefined : enforceUint16(closeCode);
  return checkCloseStatus(code, toText(reason));
}

/**
 * What a reason to cancel or abort has the close frame say: its `closeCode` and `reason`, where a client may send
 * them. What broke another connection, and comes from there through a pipe, it may not.
 */
function statusOf(cause: unknown): CloseStatus {
  if (typeof cause !== 'object' || cause === null) return NO_CLOSE_STATUS;
  const { closeCode, reason = '' } = cause as WebSocketCloseInfo;
  try {
    return checkCloseStatus(closeCode ?? undefined, toText(reason));
  } catch {
    return NO_CLOSE_STATUS;
  }
}

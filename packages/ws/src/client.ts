import {
  CloseCode,
  Endpoint,
  formatExtensions,
  isToken,
  MAX_CLOSE_REASON_BYTES,
} from '@hawser/protocol/websocket';
import { type ClientBounds, resolveClientBounds, type WebSocketClientOptions } from './client-options.ts';
import { Compressor } from './compression/compressor.ts';
import { type SendData, toBytes } from './data.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { type Dialled, type Dialling, dial } from './dial.ts';
import { WebSocketError } from './errors.ts';
import { EventAttributes } from './event-attributes.ts';
import { CloseEvent, ErrorEvent } from './events.ts';
import { NodeNatives } from './natives.ts';
import { StreamConnection } from './stream-connection.ts';
import type { ConnectionEnding, StreamEvents } from './stream-context.ts';
import { TurnFlusher } from './turn-flusher.ts';

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/**
 * A WebSocket client with the interface of the browser's, for Node.
 *
 * | `readyState`   | left by                                                            |
 * | -------------- | ------------------------------------------------------------------ |
 * | 0 (connecting) | the server's answer: `open`, or `error` and `close`; `close()`     |
 * | 1 (open)       | `close()`, the server's close frame, a failure                     |
 * | 2 (closing)    | the end of the TCP connection: `error` if it failed, then `close`  |
 *
 * Beyond the standard: a third argument, {@link WebSocket.ping}, {@link WebSocket.terminate}, the events `ping` and
 * `pong`, and an `error` event that carries the error.
 *
 * @example
 * ```ts
 * import { WebSocket } from '@hawser/ws';
 *
 * const socket = new WebSocket('ws://127.0.0.1:8080/');
 * socket.onopen = () => socket.send('hello');
 * socket.onmessage = ({ data }) => console.log(data);
 * ```
 * @see https://websockets.spec.whatwg.org/#the-websocket-interface
 */
export class WebSocket extends EventAttributes {
  declare static readonly CONNECTING: 0;
  declare static readonly OPEN: 1;
  declare static readonly CLOSING: 2;
  declare static readonly CLOSED: 3;

  /** What a connection reports, for all clients. */
  static readonly #events: StreamEvents<WebSocket> = Object.freeze({
    message: (socket, data, isBinary) => socket.#receive(data, isBinary),
    ping: (socket, data) => socket.#dispatchData('ping', data),
    pong: (socket, data) => socket.#dispatchData('pong', data),
    drain: () => {},
    failed: (error, connection) => {
      connection.fail(CloseCode.INTERNAL_ERROR, 'internal error');
      queueMicrotask(() => throwError(error));
    },
    closing: ({ peer }) => peer.#timer?.schedule(),
    closed: (connection) => connection.peer.#closed(connection.ending),
  } satisfies StreamEvents<WebSocket>);

  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;

  readonly #url: URL;
  readonly #bounds: ClientBounds;
  #dialling: Dialling | null = null;
  #connection: StreamConnection<WebSocket> | null = null;
  #timer: DeadlineTimer | null = null;
  #stateWithoutConnection: 0 | 2 | 3 = CONNECTING;
  #protocol = '';
  #extensions = '';
  #binaryType: 'blob' | 'arraybuffer' = 'blob';
  /** `close` was called and waits for blobs. */
  #isClosing = false;
  #isTerminated = false;
  /** Payload bytes given to the connection since it last had nothing to write. */
  #unsentBytes = 0;
  /** Payload bytes that came too late: the standard has them counted for ever. */
  #discardedBytes = 0;
  /** Bytes of blobs that are still being read and of what was sent behind them, and the end of that work. */
  #pendingBytes = 0;
  #blobs: Promise<void> | null = null;

  /**
   * @param url - `ws:`, `wss:`, `http:` or `https:`, without a fragment
   * @param protocols - subprotocols in order of preference
   * @throws DOMException SyntaxError when the URL or a subprotocol is not valid, or one is repeated
   * @throws WS_ERR_OPTION when a bound is not a number from 0 on
   */
  constructor(
    url: string | URL,
    protocols: string | readonly string[] = [],
    options: WebSocketClientOptions = {},
  ) {
    super();
    // WebIDL: what is left out is a TypeError, what cannot be parsed a SyntaxError.
    if (url === undefined) throw new TypeError('a WebSocket needs a URL: new WebSocket(url)');
    this.#url = parseUrl(url);
    const list = toProtocols(protocols);
    checkProtocols(list);
    this.#bounds = resolveClientBounds(options);
    this.#dialling = dial(this.#url, list, options, this.#bounds, (result) => {
      this.#dialling = null;
      if (result instanceof WebSocketError) this.#refused(result);
      else this.#open(result);
    });
  }

  get url(): string {
    return this.#url.href;
  }

  get readyState(): 0 | 1 | 2 | 3 {
    const state = this.#connection?.readyState ?? this.#stateWithoutConnection;
    return state === OPEN && this.#isClosing ? CLOSING : state;
  }

  /** The subprotocol that the server chose, or an empty string. */
  get protocol(): string {
    return this.#protocol;
  }

  /** The extensions in use as the server accepted them, such as `permessage-deflate`; or an empty string. */
  get extensions(): string {
    return this.#extensions;
  }

  /** Payload bytes that were given to `send` and have not reached the network yet. */
  get bufferedAmount(): number {
    const unsent = Math.min(this.#unsentBytes, this.#connection?.bufferedBytes ?? 0);
    return unsent + this.#pendingBytes + this.#discardedBytes;
  }

  /** As what binary messages arrive. @defaultValue 'blob' */
  get binaryType(): 'blob' | 'arraybuffer' {
    return this.#binaryType;
  }

  set binaryType(type: 'blob' | 'arraybuffer') {
    // WebIDL: a value that is not of the enumeration is ignored.
    if (type === 'blob' || type === 'arraybuffer') this.#binaryType = type;
  }

  /**
   * Sends a message: a string as text, bytes and blobs as binary, anything else as the text that it converts to.
   * After the connection began to close, the message is discarded and counted in `bufferedAmount`.
   * @throws DOMException InvalidStateError while connecting
   */
  send(data: SendData | Blob): void {
    if (this.readyState === CONNECTING) {
      throw new DOMException('still connecting: wait for the open event', 'InvalidStateError');
    }
    // biome-ignore lint/complexity/noArguments: WebIDL tells an argument that is missing from one that is undefined.
    if (arguments.length === 0) throw new TypeError('there is nothing to send: send(data)');
    const payload = toPayloadOrBlob(data);
    const byteLength = byteLengthOf(payload);
    if (this.readyState !== OPEN) {
      this.#discardedBytes += byteLength;
    } else if (payload instanceof Blob || this.#blobs !== null) {
      this.#sendBehindBlobs(payload, byteLength);
    } else {
      this.#sendPayload(payload, byteLength);
    }
  }

  /**
   * Closes the connection, or breaks off connecting.
   *
   * @param code - 1000, or 3000 to 4999
   * @param reason - at most 123 bytes of UTF-8
   * @throws DOMException InvalidAccessError when the code is another, SyntaxError when the reason is too long
   */
  close(code?: number, reason = ''): void {
    const closeCode = code === undefined ? undefined : clampToUint16(code);
    if (closeCode !== undefined && closeCode !== 1000 && (closeCode < 3000 || closeCode > 4999)) {
      throw new DOMException(
        `close code ${closeCode} is neither 1000 nor 3000 to 4999`,
        'InvalidAccessError',
      );
    }
    const text = String(reason);
    if (Buffer.byteLength(text) > MAX_CLOSE_REASON_BYTES) {
      throw new DOMException(`a close reason takes at most ${MAX_CLOSE_REASON_BYTES} bytes`, 'SyntaxError');
    }
    if (this.readyState === CONNECTING) {
      const message = 'the connection was closed before it was open';
      this.#dialling?.abort(new WebSocketError('WS_ERR_CLOSED_BEFORE_OPEN', message));
    } else if (this.readyState === OPEN) {
      const codeOrDefault = closeCode ?? (text === '' ? undefined : CloseCode.NORMAL);
      this.#beginClose(codeOrDefault, text);
    }
  }

  /**
   * Sends a ping; the server's answer is a `pong` event. Beyond the standard.
   * @param data - at most 125 bytes
   * @returns `false` when the connection is not open
   * @throws WS_ERR_CONTROL_PAYLOAD_ARGUMENT when `data` has more bytes
   */
  ping(data: SendData = ''): boolean {
    return (this.#connection?.ping(toBytes(data)) ?? 'closed') !== 'closed';
  }

  /** Cuts the connection at once, without a close frame. Beyond the standard. */
  terminate(): void {
    this.#isTerminated = true;
    this.#dialling?.abort(new WebSocketError('WS_ERR_CLOSED_BEFORE_OPEN', 'the connection was terminated'));
    this.#connection?.terminate();
  }

  #open({ stream, response, rest, deflate }: Dialled): void {
    this.#protocol = response.protocol;
    this.#extensions = formatExtensions(response.extensions);
    const connection = new StreamConnection<WebSocket>(
      stream,
      {
        endpoint: new Endpoint({ role: 'client', ...this.#bounds }, new NodeNatives()),
        // The standard has no bound, and counts what was sent in one turn as if none of it had left.
        maxBufferedBytes: Number.POSITIVE_INFINITY,
        maxUnwrittenBytes: Number.POSITIVE_INFINITY,
        slowConsumer: 'drop',
        flusher: new TurnFlusher(),
        events: WebSocket.#events,
      },
      deflate && new Compressor(this.#bounds.compression!, 'client').agree(deflate),
      () => this,
    );
    this.#connection = connection;
    this.#timer = new DeadlineTimer(connection);
    this.#timer.schedule();
    connection.start(null, rest, () => {
      connection.pauseDelivery();
      this.dispatchEvent(new Event('open'));
    });
    // So is `open`.
    setImmediate(() => connection.resumeDelivery());
  }

  /** What was sent before goes out before, blobs that are still being read included. */
  #beginClose(code: number | undefined, reason: string): void {
    if (this.#blobs === null) {
      this.#connection?.close(code, reason);
      return;
    }
    this.#isClosing = true;
    this.#afterBlobs(async () => void this.#connection?.close(code, reason));
  }

  #refused(error: WebSocketError): void {
    this.#stateWithoutConnection = CLOSING;
    setImmediate(() => {
      this.#stateWithoutConnection = CLOSED;
      this.dispatchEvent(new ErrorEvent('error', error));
      this.dispatchEvent(new CloseEvent('close', { code: CloseCode.ABNORMAL }));
    });
  }

  #closed({ wasClean, closeCode, closeReason }: ConnectionEnding): void {
    this.#timer?.stop();
    if (!wasClean && !this.#isTerminated) {
      const message = closeReason === '' ? 'the connection ended without a close frame' : closeReason;
      this.dispatchEvent(new ErrorEvent('error', new WebSocketError('WS_ERR_CONNECTION_FAILED', message)));
    }
    // RFC 6455 7.1.5 and 7.1.6: code and reason are those of the server's close frame.
    const code = wasClean ? closeCode : CloseCode.ABNORMAL;
    const reason = wasClean ? closeReason : '';
    this.dispatchEvent(new CloseEvent('close', { wasClean, code, reason }));
  }

  #receive(data: Buffer, isBinary: boolean): void {
    // The standard delivers nothing once the connection is closing.
    if (this.readyState !== OPEN) return;
    // Each event is a task of its own: whoever awaits one message and then listens for the next misses none.
    this.#connection?.letReactionsRun();
    if (!isBinary) this.#dispatchData('message', data.toString());
    else if (this.#binaryType === 'blob') this.#dispatchData('message', new Blob([data]));
    else this.#dispatchData('message', toArrayBuffer(data));
  }

  #dispatchData(type: 'message' | 'ping' | 'pong', data: unknown): void {
    const { protocol, host } = this.#url;
    this.dispatchEvent(new MessageEvent(type, { data, origin: `${protocol}//${host}` }));
  }

  #sendPayload(payload: string | Uint8Array, byteLength: number): void {
    const connection = this.#connection;
    if (connection === null || !connection.isOpen) {
      this.#discardedBytes += byteLength;
      return;
    }
    if (connection.bufferedBytes === 0) this.#unsentBytes = 0;
    this.#unsentBytes += byteLength;
    connection.send(payload, typeof payload !== 'string');
  }

  #sendBehindBlobs(payload: string | Uint8Array | Blob, byteLength: number): void {
    // The bytes are the caller's again once `send` returns.
    const kept = payload instanceof Uint8Array ? Uint8Array.from(payload) : payload;
    this.#pendingBytes += byteLength;
    this.#afterBlobs(async () => {
      const read = kept instanceof Blob ? new Uint8Array(await kept.arrayBuffer()) : kept;
      this.#pendingBytes -= byteLength;
      this.#sendPayload(read, byteLength);
    });
  }

  /** Runs `task` behind the blobs that are being read. A blob that cannot be read fails the connection. */
  #afterBlobs(task: () => Promise<void>): void {
    const turn: Promise<void> = (this.#blobs ?? Promise.resolve())
      .then(task)
      .catch(() => this.#connection?.fail(CloseCode.INTERNAL_ERROR, 'a Blob could not be read'))
      .finally(() => {
        if (this.#blobs === turn) this.#blobs = null;
      });
    this.#blobs = turn;
  }
}

const CONSTANTS = { CONNECTING, OPEN, CLOSING, CLOSED };
for (const [name, value] of Object.entries(CONSTANTS)) {
  Object.defineProperty(WebSocket, name, { value, enumerable: true });
  Object.defineProperty(WebSocket.prototype, name, { value, enumerable: true });
}
Object.defineProperty(WebSocket.prototype, Symbol.toStringTag, { value: 'WebSocket', configurable: true });

function parseUrl(input: string | URL): URL {
  const text = String(input);
  if (!URL.canParse(text))
    throw new DOMException(`"${text.slice(0, 75)}" is not an absolute URL`, 'SyntaxError');
  const url = new URL(text);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new DOMException(`a WebSocket URL begins with ws: or wss:, not ${url.protocol}`, 'SyntaxError');
  }
  if (url.href.includes('#')) throw new DOMException('a WebSocket URL has no fragment', 'SyntaxError');
  return url;
}

/** WebIDL `(DOMString or sequence<DOMString>)`. */
function toProtocols(protocols: unknown): string[] {
  const isSequence = typeof protocols === 'object' && protocols !== null && Symbol.iterator in protocols;
  return isSequence ? Array.from(protocols as Iterable<unknown>, String) : [String(protocols)];
}

function checkProtocols(protocols: readonly string[]): void {
  for (const protocol of protocols) {
    if (!isToken(protocol)) {
      throw new DOMException(`"${protocol.slice(0, 75)}" is not a valid subprotocol`, 'SyntaxError');
    }
  }
  // RFC 6455 4.1 item 10: unique.
  if (new Set(protocols.map((protocol) => protocol.toLowerCase())).size < protocols.length) {
    throw new DOMException('a subprotocol is repeated', 'SyntaxError');
  }
}

/** WebIDL `(BufferSource or Blob or USVString)`. */
function toPayloadOrBlob(data: unknown): string | Uint8Array | Blob {
  const isBytes =
    ArrayBuffer.isView(data) || data instanceof ArrayBuffer || data instanceof SharedArrayBuffer;
  if (isBytes) return toBytes(data);
  // A template, unlike `String`, throws at a symbol.
  return data instanceof Blob ? data : `${data}`;
}

function byteLengthOf(payload: string | Uint8Array | Blob): number {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  return payload instanceof Blob ? payload.size : payload.length;
}

/** Returns exactly the bytes of `data`; a copy where they share their memory. */
function toArrayBuffer(data: Buffer): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = data;
  const isWhole = byteOffset === 0 && byteLength === buffer.byteLength;
  return (isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
}

/** WebIDL `[Clamp] unsigned short`: a half is rounded to the even neighbour. */
function clampToUint16(value: number): number {
  const number = Math.min(Math.max(Number(value), 0), 65_535);
  const floor = Math.floor(number);
  const isUp = number - floor > 0.5 || (number - floor === 0.5 && floor % 2 === 1);
  return Number.isNaN(number) ? 0 : floor + (isUp ? 1 : 0);
}

function throwError(error: unknown): never {
  throw error;
}

import { formatExtensions } from '@hawser/protocol/websocket';
import { ClientConnection, type ClientEnd, type ClientEvents } from './client-connection.ts';
import type { WebSocketClientOptions } from './client-options.ts';
import { checkCloseStatus, resolveTarget } from './client-target.ts';
import { convertToPayload, type SendData, toArrayBuffer, toBytes } from './data.ts';
import type { WebSocketError } from './errors.ts';
import { EventAttributes, type Handler } from './event-attributes.ts';
import { CloseEvent, ErrorEvent, type WebSocketEventMap, WebSocketEventTarget } from './events.ts';
import { createMessageEvent, loadMessageEvent } from './message-event.ts';
import { MessageSender } from './message-sender.ts';
import { MessageSource } from './message-source.ts';
import { clampToUint16, defineInterface, toSequence, toText } from './web-idl.ts';

/** That of now: a DOM that is laid over the globals later has events that the target of these refuses. */
const { Event } = globalThis;

/** How one message is sent. */
export interface ClientSendOptions {
  /** It may be compressed, where that was agreed on and is worth it. @defaultValue true */
  readonly compress?: boolean;
}

/** What a message carries: text, or bytes as `binaryType` says. */
export type MessageData = string | Blob | ArrayBuffer;

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
 * Beyond the standard: a third argument, `for await` over the messages, `compress` of `send`,
 * {@link WebSocket.pause}, {@link WebSocket.ping}, {@link WebSocket.terminate}, {@link WebSocket.unref}, the events `drain`, `ping` and `pong`, and an `error` event
 * that carries the error.
 *
 * @example
 * ```ts
 * import { WebSocket } from '@hawser/ws';
 *
 * const socket = new WebSocket('ws://127.0.0.1:8080/');
 * socket.onopen = () => socket.send('hello');
 * for await (const data of socket) console.log(data);
 * ```
 * @see https://websockets.spec.whatwg.org/#the-websocket-interface
 */
export class WebSocket extends WebSocketEventTarget {
  declare static readonly CONNECTING: 0;
  declare static readonly OPEN: 1;
  declare static readonly CLOSING: 2;
  declare static readonly CLOSED: 3;

  /** What a connection reports, for all clients. */
  static readonly #events: ClientEvents<WebSocket> = Object.freeze({
    opened: (socket, { protocol, extensions }) => {
      socket.#protocol = protocol;
      socket.#extensions = formatExtensions(extensions);
      socket.dispatchEvent(new Event('open'));
    },
    message: (socket, data, isBinary) => socket.#receive(data, isBinary),
    ping: (socket, data) => socket.#dispatchData('ping', data),
    pong: (socket, data) => socket.#dispatchData('pong', data),
    drain: (socket) => socket.#sender.checkDrain(),
    // Nothing is delivered any more, and the server's close frame must not wait behind it.
    closing: (socket) => {
      socket.#connection.resume();
      socket.#connection.readerKeepsUp();
    },
    closed: (socket, end) => socket.#closed(end),
  } satisfies ClientEvents<WebSocket>);

  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;

  readonly #url: URL;
  readonly #connection: ClientConnection<WebSocket>;
  readonly #sender: MessageSender;
  readonly #attributes = new EventAttributes(this);
  #extensions = '';
  #protocol = '';
  #binaryType: 'blob' | 'arraybuffer' = 'blob';
  /** For `for await`, once it was asked for. */
  #source: MessageSource<MessageData> | null = null;
  #error: WebSocketError | null = null;

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
    // biome-ignore lint/complexity/noArguments: Web IDL tells an argument that is missing from one that is undefined.
    if (arguments.length === 0) throw new TypeError('a WebSocket needs a URL: new WebSocket(url)');
    const target = resolveTarget(url, toSequence(protocols) ?? [toText(protocols)], options);
    loadMessageEvent();
    this.#url = target.url;
    // The standard counts what was sent in one turn as if none of it had left.
    this.#connection = new ClientConnection(this, WebSocket.#events, target, Number.POSITIVE_INFINITY);
    this.#sender = new MessageSender(this.#connection, () => this.dispatchEvent(new Event('drain')));
  }

  get url(): string {
    return this.#url.href;
  }

  get readyState(): 0 | 1 | 2 | 3 {
    const { readyState } = this.#connection;
    return readyState === OPEN && !this.#sender.isOpen ? CLOSING : readyState;
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
    return this.#sender.bufferedAmount;
  }

  /** As what binary messages arrive. @defaultValue 'blob' */
  get binaryType(): 'blob' | 'arraybuffer' {
    return this.#binaryType;
  }

  set binaryType(type: 'blob' | 'arraybuffer') {
    // Web IDL: a value that is not of the enumeration is ignored.
    const text = toText(type);
    if (text === 'blob' || text === 'arraybuffer') this.#binaryType = text;
  }

  get onopen(): Handler<Event> {
    return this.#attributes.get('open');
  }

  set onopen(handler: Handler<Event>) {
    this.#attributes.set('open', handler);
  }

  get onmessage(): Handler<MessageEvent> {
    return this.#attributes.get('message');
  }

  set onmessage(handler: Handler<MessageEvent>) {
    this.#attributes.set('message', handler);
  }

  get onerror(): Handler<WebSocketEventMap['error']> {
    return this.#attributes.get('error');
  }

  set onerror(handler: Handler<WebSocketEventMap['error']>) {
    this.#attributes.set('error', handler);
  }

  get onclose(): Handler<WebSocketEventMap['close']> {
    return this.#attributes.get('close');
  }

  set onclose(handler: Handler<WebSocketEventMap['close']>) {
    this.#attributes.set('close', handler);
  }

  /**
   * Sends a message: a string as text, bytes and blobs as binary, anything else as the text that it converts to.
   * After the connection began to close, the message is discarded and counted in `bufferedAmount`.
   * @param options - beyond the standard
   * @throws DOMException InvalidStateError while connecting
   */
  send(data: SendData | Blob, options: ClientSendOptions = {}): void {
    // biome-ignore lint/complexity/noArguments: as in the constructor.
    if (arguments.length === 0) throw new TypeError('there is nothing to send: send(data)');
    const payload = data instanceof Blob ? data : convertToPayload(data);
    if (this.#connection.readyState === CONNECTING) {
      throw new DOMException('still connecting: wait for the open event', 'InvalidStateError');
    }
    this.#sender.send(payload, options?.compress !== false);
  }

  /**
   * Closes the connection, or breaks off connecting.
   *
   * @param code - 1000, or 3000 to 4999
   * @param reason - at most 123 bytes of UTF-8
   * @throws DOMException InvalidAccessError when the code is another, SyntaxError when the reason is too long
   */
  close(code: number | undefined = undefined, reason = ''): void {
    const closeCode = code === undefined ? undefined : clampToUint16(code);
    this.#sender.close(checkCloseStatus(closeCode, toText(reason)));
  }

  /**
   * Sends a ping; the server's answer is a `pong` event. Beyond the standard.
   * @param data - at most 125 bytes
   * @returns `false` when the connection is not open
   * @throws WS_ERR_CONTROL_PAYLOAD_ARGUMENT when `data` has more bytes
   */
  ping(data: SendData = ''): boolean {
    return this.#connection.ping(toBytes(data)) !== 'closed';
  }

  /** Cuts the connection at once, without a close frame. Beyond the standard. */
  terminate(): void {
    this.#connection.terminate();
  }

  /** Has the connection keep the process alive, as it does from the start. Beyond the standard. */
  ref(): this {
    this.#connection.reference(true);
    return this;
  }

  /**
   * Lets the process end although the connection is open, or its handshake under way. Over HTTP/2 that is up to the session. Beyond the standard.
   */
  unref(): this {
    this.#connection.reference(false);
    return this;
  }

  /**
   * Holds messages back until {@link WebSocket.resume}: nothing is read any more, so that a server that goes on
   * sending has to wait too. Also the server's close frame and pongs wait, behind the messages. Closing ends the
   * pause. Beyond the standard.
   */
  pause(): void {
    if (this.readyState <= OPEN) this.#connection.pause();
  }

  /** Delivers messages again. Beyond the standard. */
  resume(): void {
    this.#connection.resume();
  }

  /**
   * Iterates over the `data` of the messages, in place of `message` listeners or beside them. Beyond the standard.
   *
   * While the loop is busy with one message, the connection waits behind the next: memory stays bounded, and the server
   * has to wait. It resumes a client that is paused when it begins; a {@link WebSocket.pause} behind that holds it up, too.
   * The loop ends when the connection closes cleanly or is terminated; it throws what an
   * `error` event would carry. Leaving it early closes the connection.
   *
   * Messages count from the call on: nothing is missed when the loop begins in the turn of the constructor, in an
   * `open` listener, or in what awaits that event.
   * @throws TypeError while another loop runs
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<MessageData> {
    return this.#openSource().readable.values();
  }

  #openSource(): MessageSource<MessageData> {
    if (this.#source === null) {
      this.#connection.resume();
      this.#source = new MessageSource(this.#connection, () => this.close());
      if (this.readyState === CLOSED) this.#source.end(this.#error);
    }
    return this.#source;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    // The standard delivers nothing once the connection is closing.
    if (this.readyState !== OPEN) return;
    const received = isBinary ? this.#toBinary(data) : data.toString();
    this.#dispatchData('message', received);
    this.#source?.push(received);
  }

  #toBinary(data: Buffer): Blob | ArrayBuffer {
    return this.#binaryType === 'blob' ? new Blob([data]) : toArrayBuffer(data);
  }

  #dispatchData(type: 'message' | 'ping' | 'pong', data: MessageData | Buffer): void {
    const { protocol, host } = this.#url;
    this.dispatchEvent(createMessageEvent(type, { data, origin: `${protocol}//${host}` }));
  }

  #closed({ wasClean, code, reason, error }: ClientEnd): void {
    this.#error = error;
    this.#source?.end(error);
    if (error !== null) this.dispatchEvent(new ErrorEvent('error', error));
    this.dispatchEvent(new CloseEvent('close', { wasClean, code, reason }));
  }
}

const CONSTANTS = { CONNECTING, OPEN, CLOSING, CLOSED };
defineInterface(WebSocket);
for (const [name, value] of Object.entries(CONSTANTS)) {
  Object.defineProperty(WebSocket, name, { value, enumerable: true });
  Object.defineProperty(WebSocket.prototype, name, { value, enumerable: true });
}

import type { OutgoingHttpHeaders, RequestOptions } from 'node:http';
import { types } from 'node:util';
import { CloseEvent } from '@hawser/ws';
import { createMessageEvent, loadMessageEvent, setLongTimeout } from '@hawser/ws/internal';
import { WebSocketClient } from './client.ts';
import type { WebSocketConnection } from './connection.ts';
import {
  DEFAULT_CLIENT_CONFIG,
  type IClientConfig,
  type IExtension,
  type IStringified,
  type Message,
} from './options.ts';

/** That of now: a DOM that is laid over the globals later has events that the target of these refuses. */
const { Event } = globalThis;

const CONNECTING: number = 0;
const OPEN: number = 1;
const CLOSING: number = 2;
const CLOSED: number = 3;

export interface ICloseEvent {
  code: number;
  reason: string;
  wasClean: boolean;
}

export interface IMessageEvent {
  data: string | Buffer | ArrayBuffer;
}

/** A client with the interface of the browser's `WebSocket`, as far as `websocket` has it. */
export class W3CWebSocket extends EventTarget {
  declare static readonly CONNECTING: number;
  declare static readonly OPEN: number;
  declare static readonly CLOSING: number;
  declare static readonly CLOSED: number;
  declare readonly CONNECTING: number;
  declare readonly OPEN: number;
  declare readonly CLOSING: number;
  declare readonly CLOSED: number;

  onopen: ((event: Event) => void) | null = null;
  onerror: ((event: Event & Error) => void) | null = null;
  onclose: ((event: Event & ICloseEvent) => void) | null = null;
  onmessage: ((event: Event & IMessageEvent) => void) | null = null;
  /** The client and, once there is one, the connection beneath. */
  readonly _client: WebSocketClient;
  _connection: WebSocketConnection | undefined;
  readonly #url: string;
  #readyState = CONNECTING;

  /** @param clientConfig - `assembleFragments` is always on */
  constructor(
    url: string,
    protocols?: string | readonly string[],
    origin?: string,
    headers?: OutgoingHttpHeaders,
    requestOptions?: RequestOptions | object,
    clientConfig?: IClientConfig,
  ) {
    super();
    loadMessageEvent();
    this.#url = url;
    // The attribute's handler comes before all listeners.
    for (const type of ['open', 'error', 'close', 'message'] as const) {
      this.addEventListener(type, (event) => {
        const handler = this[`on${type}`] as ((event: Event) => void) | null;
        if (typeof handler === 'function') handler.call(this, event);
      });
    }
    this._client = new WebSocketClient({ ...clientConfig, assembleFragments: true });
    this._client.on('connect', (connection) => this.#connected(connection));
    this._client.on('connectFailed', () => this.#failed());
    this._client.connect(url, protocols, origin, headers, requestOptions);
  }

  get url(): string {
    return this.#url;
  }

  get readyState(): number {
    return this.#readyState;
  }

  /** The subprotocol in use, `undefined` without one. */
  get protocol(): string | undefined {
    return this._connection?.protocol;
  }

  /** An empty string until there is a connection, then an empty list: there are no extensions. */
  get extensions(): IExtension[] {
    return this._connection?.extensions ?? ('' as unknown as IExtension[]);
  }

  /** Always 0. */
  get bufferedAmount(): number {
    return 0;
  }

  get binaryType(): 'arraybuffer' {
    return 'arraybuffer';
  }

  set binaryType(type: 'arraybuffer') {
    if (type !== 'arraybuffer') {
      throw new SyntaxError('just "arraybuffer" type allowed for "binaryType" attribute');
    }
  }

  /** @throws Error while there is no open connection, or when `data` is neither text nor bytes */
  send(data: ArrayBufferView | ArrayBuffer | Buffer | IStringified): void {
    if (this.#readyState !== OPEN) throw new Error('cannot call send() while not connected');
    if (typeof data === 'string' || data instanceof String) this._connection!.sendUTF(data as string);
    else this._connection!.sendBytes(toBuffer(data));
  }

  /**
   * While connecting, the attempt counts as failed at once; should it succeed within `closeTimeout`, that connection is
   * closed.
   */
  close(code?: number, reason?: string): void {
    const close = (connection: WebSocketConnection) =>
      code ? connection.close(code, reason) : connection.close();
    if (this.#readyState === CONNECTING) {
      this.#failed();
      const { closeTimeout = DEFAULT_CLIENT_CONFIG.closeTimeout } = this._client.config;
      const timer = setLongTimeout(() => this._client.abort(), closeTimeout);
      this._client.on('connectFailed', () => clearTimeout(timer));
      this._client.on('connect', (connection) => {
        clearTimeout(timer);
        close(connection);
      });
    } else if (this.#readyState === OPEN) {
      this.#readyState = CLOSING;
      close(this._connection!);
    }
  }

  #connected(connection: WebSocketConnection): void {
    this.#readyState = OPEN;
    this._connection = connection;
    connection.on('close', (code, reason) => {
      this.#release();
      this.#dispatchClose(code, reason || '');
    });
    connection.on('message', (message) => this.#receive(message));
    this.dispatchEvent(new Event('open'));
  }

  #receive(message: Message): void {
    // A copy: the standard gives a message memory of its own.
    const data = message.type === 'utf8' ? message.utf8Data : new Uint8Array(message.binaryData).buffer;
    this.dispatchEvent(createMessageEvent('message', { data }));
  }

  #failed(): void {
    this.#release();
    this.dispatchEvent(new Event('error'));
    this.#dispatchClose(1006, 'connection failed');
  }

  #release(): void {
    this.#readyState = CLOSED;
    this._client.removeAllListeners();
    this._connection?.removeAllListeners();
  }

  #dispatchClose(code: number, reason: string): void {
    this.dispatchEvent(new CloseEvent('close', { code, reason, wasClean: code === 1000 }));
  }
}

const STATES = { CONNECTING, OPEN, CLOSING, CLOSED };
for (const [name, value] of Object.entries(STATES)) {
  for (const target of [W3CWebSocket, W3CWebSocket.prototype]) {
    Object.defineProperty(target, name, { value, enumerable: true });
  }
}

function toBuffer(data: ArrayBufferView | ArrayBuffer | IStringified): Buffer {
  if (Buffer.isBuffer(data)) return data;
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (types.isAnyArrayBuffer(data)) return Buffer.from(data);
  throw new Error(`unknown binary data: ${String(data).slice(0, 75)}`);
}

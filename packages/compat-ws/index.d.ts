/// <reference types="node" />
/**
 * The API of the package `ws`.
 * @module @hawser/compat-ws
 */

import { EventEmitter } from 'node:events';
import {
  Agent,
  ClientRequest,
  ClientRequestArgs,
  Server as HttpServer,
  IncomingMessage,
  OutgoingHttpHeaders,
} from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { NetConnectOpts } from 'node:net';
import { Duplex, DuplexOptions, Writable } from 'node:stream';
import { SecureContextOptions } from 'node:tls';
import { ZlibOptions } from 'node:zlib';

/** What a socket emits, and what its listeners get. */
interface SocketEvents {
  close: [code: number, reason: Buffer];
  error: [error: Error];
  message: [data: WebSocket.RawData, isBinary: boolean];
  open: [];
  ping: [data: Buffer];
  pong: [data: Buffer];
  redirect: [url: string, request: ClientRequest];
  'unexpected-response': [request: ClientRequest, response: IncomingMessage];
  upgrade: [response: IncomingMessage];
}

/** What a server emits, and what its listeners get. */
interface ServerEvents<Socket, Request> {
  close: [];
  connection: [socket: Socket, request: Request];
  error: [error: Error];
  headers: [headers: string[], request: Request];
  listening: [];
  wsClientError: [error: Error, socket: Duplex, request: Request];
}

type Handler<Event> = ((event: Event) => void) | { handleEvent(event: Event): void };

/** Whatever `Buffer.from` takes, and what `send` turns into that. */
type BufferLike =
  | string
  | number
  | ArrayBuffer
  | SharedArrayBuffer
  | ArrayBufferView
  | Blob
  | readonly any[]
  | { valueOf(): string | ArrayBuffer | SharedArrayBuffer | Uint8Array | readonly number[] }
  | { [Symbol.toPrimitive](hint: string): string };

/** A WebSocket, either end. */
declare class WebSocket extends EventEmitter {
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSING: 2;
  static readonly CLOSED: 3;

  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;

  /** As what binary messages arrive. */
  binaryType: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob';
  /** Bytes that wait in memory because the peer does not keep up. */
  readonly bufferedAmount: number;
  readonly extensions: string;
  readonly isPaused: boolean;
  readonly protocol: string;
  readonly readyState: 0 | 1 | 2 | 3;
  readonly url: string;

  onopen: ((event: WebSocket.Event) => void) | null;
  onmessage: ((event: WebSocket.MessageEvent) => void) | null;
  onerror: ((event: WebSocket.ErrorEvent) => void) | null;
  onclose: ((event: WebSocket.CloseEvent) => void) | null;

  constructor(address: null);
  constructor(address: string | URL, options?: WebSocket.ClientOptions | ClientRequestArgs);
  constructor(
    address: string | URL,
    protocols?: string | string[],
    options?: WebSocket.ClientOptions | ClientRequestArgs,
  );

  close(code?: number, data?: string | Buffer): void;
  pause(): void;
  ping(data?: any, mask?: boolean, callback?: (error: Error) => void): void;
  pong(data?: any, mask?: boolean, callback?: (error: Error) => void): void;
  resume(): void;
  send(data: BufferLike, callback?: (error?: Error) => void): void;
  send(
    data: BufferLike,
    options: {
      binary?: boolean | undefined;
      compress?: boolean | undefined;
      fin?: boolean | undefined;
      mask?: boolean | undefined;
    },
    callback?: (error?: Error) => void,
  ): void;
  terminate(): void;

  addEventListener<Type extends keyof WebSocket.WebSocketEventMap>(
    type: Type,
    listener: Handler<WebSocket.WebSocketEventMap[Type]>,
    options?: WebSocket.EventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof WebSocket.WebSocketEventMap>(
    type: Type,
    listener: Handler<WebSocket.WebSocketEventMap[Type]>,
  ): void;

  on<Name extends keyof SocketEvents>(
    event: Name,
    listener: (this: this, ...args: SocketEvents[Name]) => void,
  ): this;
  on(event: string | symbol, listener: (this: this, ...args: any[]) => void): this;
  once<Name extends keyof SocketEvents>(
    event: Name,
    listener: (this: this, ...args: SocketEvents[Name]) => void,
  ): this;
  once(event: string | symbol, listener: (this: this, ...args: any[]) => void): this;
  off<Name extends keyof SocketEvents>(
    event: Name,
    listener: (this: this, ...args: SocketEvents[Name]) => void,
  ): this;
  off(event: string | symbol, listener: (this: this, ...args: any[]) => void): this;
  addListener<Name extends keyof SocketEvents>(
    event: Name,
    listener: (this: this, ...args: SocketEvents[Name]) => void,
  ): this;
  addListener(event: string | symbol, listener: (this: this, ...args: any[]) => void): this;
  removeListener<Name extends keyof SocketEvents>(
    event: Name,
    listener: (this: this, ...args: SocketEvents[Name]) => void,
  ): this;
  removeListener(event: string | symbol, listener: (this: this, ...args: any[]) => void): this;
}

declare namespace WebSocket {
  /** A message as the event `message` has it. */
  type RawData = Buffer | ArrayBuffer | Buffer[];

  /** A message as a `MessageEvent` has it. */
  type Data = string | Buffer | ArrayBuffer | Buffer[];

  /** A certificate or a key. */
  type CertMeta = string | string[] | Buffer | Buffer[];

  type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> = (info: {
    origin: string;
    secure: boolean;
    req: Request;
  }) => boolean;

  type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> = (
    info: { origin: string; secure: boolean; req: Request },
    callback: (isVerified: boolean, code?: number, message?: string, headers?: OutgoingHttpHeaders) => void,
  ) => void;

  /** Changes the request of the handshake; it has to call `request.end()`. */
  type FinishRequestCallback = (request: ClientRequest, websocket: WebSocket) => void;

  /** Options that both ends have. */
  interface ConnectionOptions {
    allowSynchronousEvents?: boolean | undefined;
    autoPong?: boolean | undefined;
    closeTimeout?: number | undefined;
    maxBufferedChunks?: number | undefined;
    maxFragments?: number | undefined;
    maxPayload?: number | undefined;
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
    skipUTF8Validation?: boolean | undefined;
  }

  interface ClientOptions extends ConnectionOptions, SecureContextOptions {
    agent?: Agent | undefined;
    checkServerIdentity?(servername: string, cert: CertMeta): boolean;
    createConnection?: ((options: NetConnectOpts, connectionListener?: () => void) => Duplex) | undefined;
    family?: number | undefined;
    finishRequest?: FinishRequestCallback | undefined;
    followRedirects?: boolean | undefined;
    generateMask?(mask: Buffer): void;
    handshakeTimeout?: number | undefined;
    headers?: { [name: string]: string } | undefined;
    host?: string | undefined;
    localAddress?: string | undefined;
    maxRedirects?: number | undefined;
    origin?: string | undefined;
    protocol?: string | undefined;
    /** Where the constructor is given none apart. */
    protocols?: string | string[] | undefined;
    protocolVersion?: number | undefined;
    rejectUnauthorized?: boolean | undefined;
  }

  interface PerMessageDeflateOptions {
    clientMaxWindowBits?: number | undefined;
    clientNoContextTakeover?: boolean | undefined;
    concurrencyLimit?: number | undefined;
    serverMaxWindowBits?: number | undefined;
    serverNoContextTakeover?: boolean | undefined;
    threshold?: number | undefined;
    zlibDeflateOptions?: Omit<ZlibOptions, 'dictionary'> & {
      dictionary?: Buffer | Buffer[] | DataView | undefined;
    };
    zlibInflateOptions?: ZlibOptions | undefined;
  }

  interface Event {
    type: string;
    target: WebSocket;
  }

  interface ErrorEvent extends Event {
    error: any;
    message: string;
  }

  interface CloseEvent extends Event {
    code: number;
    reason: string;
    wasClean: boolean;
  }

  interface MessageEvent extends Event {
    data: Data;
  }

  interface WebSocketEventMap {
    open: Event;
    message: MessageEvent;
    error: ErrorEvent;
    close: CloseEvent;
  }

  interface EventListenerOptions {
    once?: boolean | undefined;
  }

  interface ServerOptions<
    Socket extends typeof WebSocket.WebSocket = typeof WebSocket.WebSocket,
    Request extends typeof IncomingMessage = typeof IncomingMessage,
  > extends ConnectionOptions {
    backlog?: number | undefined;
    clientTracking?: boolean | undefined;
    handleProtocols?: (protocols: Set<string>, request: InstanceType<Request>) => string | false;
    host?: string | undefined;
    noServer?: boolean | undefined;
    path?: string | undefined;
    port?: number | undefined;
    server?: HttpServer<Request> | HttpsServer<Request> | undefined;
    verifyClient?:
      | VerifyClientCallbackAsync<InstanceType<Request>>
      | VerifyClientCallbackSync<InstanceType<Request>>
      | undefined;
    WebSocket?: Socket | undefined;
  }

  interface AddressInfo {
    address: string;
    family: string;
    port: number;
  }

  /** A WebSocket server. */
  class Server<
    Socket extends typeof WebSocket.WebSocket = typeof WebSocket.WebSocket,
    Request extends typeof IncomingMessage = typeof IncomingMessage,
  > extends EventEmitter {
    clients: Set<InstanceType<Socket>>;
    options: ServerOptions<Socket, Request>;
    path: string;

    constructor(options?: ServerOptions<Socket, Request>, callback?: () => void);

    address(): AddressInfo | string | null;
    close(callback?: (error?: Error) => void): void;
    handleUpgrade(
      request: InstanceType<Request>,
      socket: Duplex,
      upgradeHead: Buffer,
      callback: (client: InstanceType<Socket>, request: InstanceType<Request>) => void,
    ): void;
    shouldHandle(request: InstanceType<Request>): boolean | Promise<boolean>;

    on<Name extends keyof ServerEvents<InstanceType<Socket>, InstanceType<Request>>>(
      event: Name,
      listener: (
        this: this,
        ...args: ServerEvents<InstanceType<Socket>, InstanceType<Request>>[Name]
      ) => void,
    ): this;
    on(event: string | symbol, listener: (this: this, ...args: any[]) => void): this;
    once<Name extends keyof ServerEvents<InstanceType<Socket>, InstanceType<Request>>>(
      event: Name,
      listener: (
        this: this,
        ...args: ServerEvents<InstanceType<Socket>, InstanceType<Request>>[Name]
      ) => void,
    ): this;
    once(event: string | symbol, listener: (this: this, ...args: any[]) => void): this;
    off<Name extends keyof ServerEvents<InstanceType<Socket>, InstanceType<Request>>>(
      event: Name,
      listener: (
        this: this,
        ...args: ServerEvents<InstanceType<Socket>, InstanceType<Request>>[Name]
      ) => void,
    ): this;
    off(event: string | symbol, listener: (this: this, ...args: any[]) => void): this;
    addListener<Name extends keyof ServerEvents<InstanceType<Socket>, InstanceType<Request>>>(
      event: Name,
      listener: (
        this: this,
        ...args: ServerEvents<InstanceType<Socket>, InstanceType<Request>>[Name]
      ) => void,
    ): this;
    addListener(event: string | symbol, listener: (this: this, ...args: any[]) => void): this;
    removeListener<Name extends keyof ServerEvents<InstanceType<Socket>, InstanceType<Request>>>(
      event: Name,
      listener: (
        this: this,
        ...args: ServerEvents<InstanceType<Socket>, InstanceType<Request>>[Name]
      ) => void,
    ): this;
    removeListener(event: string | symbol, listener: (this: this, ...args: any[]) => void): this;
  }

  const WebSocketServer: typeof Server;
  interface WebSocketServer extends Server {}
  const WebSocket: typeof WebSocketAlias;
  interface WebSocket extends WebSocketAlias {}

  /** Wraps a socket in a duplex stream. */
  function createWebSocketStream(websocket: WebSocket, options?: DuplexOptions): Duplex;

  /** Reads and writes `Sec-WebSocket-Extensions`. */
  const extension: {
    format(extensions: Record<string, object | readonly object[]>): string;
    parse(header: string): Record<string, Record<string, (string | true)[]>[]>;
  };

  /** Reads `Sec-WebSocket-Protocol`. */
  const subprotocol: { parse(header: string): Set<string> };

  class PerMessageDeflate {
    static readonly extensionName: string;
    params: Record<string, string | number | true> | null;
    constructor(options?: PerMessageDeflateOptions & { isServer?: boolean; maxPayload?: number });
    accept(
      configurations: readonly Record<string, (string | true)[]>[],
    ): Record<string, string | number | true>;
    cleanup(): void;
    compress(data: BufferLike, fin: boolean, callback: (error: Error | null, data?: Buffer) => void): void;
    decompress(data: Buffer, fin: boolean, callback: (error: Error | null, data?: Buffer) => void): void;
    offer(): Record<string, string | number | true>;
  }

  class Receiver extends Writable {
    constructor(
      options?: ConnectionOptions & {
        binaryType?: WebSocket['binaryType'];
        extensions?: Record<string, PerMessageDeflate>;
        isServer?: boolean;
      },
    );
  }

  class Sender {
    static frame(
      data: BufferLike,
      options: {
        fin: boolean;
        opcode: number;
        generateMask?: (mask: Buffer) => void;
        mask?: boolean;
        maskBuffer?: Buffer;
        readOnly?: boolean;
        rsv1?: boolean;
      },
    ): Buffer[];
    constructor(
      socket: Duplex,
      extensions?: Record<string, PerMessageDeflate>,
      generateMask?: (mask: Buffer) => void,
    );
    close(
      code?: number,
      data?: string | Buffer,
      mask?: boolean,
      callback?: (error?: Error | null) => void,
    ): void;
    ping(data: BufferLike, mask?: boolean, callback?: (error?: Error | null) => void): void;
    pong(data: BufferLike, mask?: boolean, callback?: (error?: Error | null) => void): void;
    send(
      data: BufferLike,
      options: { binary?: boolean; compress?: boolean; fin?: boolean; mask?: boolean },
      callback?: (error?: Error | null) => void,
    ): void;
    sendFrame(list: readonly (string | Uint8Array)[], callback?: (error?: Error | null) => void): void;
  }
}

declare const WebSocketAlias: typeof WebSocket;
interface WebSocketAlias extends WebSocket {}

export = WebSocket;

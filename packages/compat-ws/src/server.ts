import { EventEmitter } from 'node:events';
import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  STATUS_CODES,
} from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { PERMESSAGE_DEFLATE } from '@hawser/protocol/websocket';
import { acceptFor, type Compressor, isOwned } from '@hawser/ws/internal';
import { Derived } from './derived.ts';
import { type ExtensionParams, format, parse as parseExtensions } from './extension.ts';
import { type AcceptableHandshake, abortHandshake, judgeHandshake } from './handshake.ts';
import {
  COMPRESSOR_OPTIONS,
  createCompressor,
  PerMessageDeflate,
  type PerMessageDeflateOptions,
} from './permessage-deflate.ts';
import { SOCKET_OPTIONS, type SocketOptions, SocketSettings } from './socket-settings.ts';
import { WebSocket } from './websocket.ts';

const RUNNING = 0;
const CLOSING = 1;
const CLOSED = 2;

/** What `verifyClient` is told. */
export interface ClientInfo {
  readonly origin: string;
  readonly secure: boolean;
  readonly req: IncomingMessage;
}

type VerifyDone = (
  isVerified: boolean,
  code?: number,
  message?: string,
  headers?: OutgoingHttpHeaders,
) => void;

/** Options of a server. */
export interface ServerOptions extends SocketOptions {
  readonly backlog?: number | null | undefined;
  readonly clientTracking?: boolean | undefined;
  readonly closeTimeout?: number | undefined;
  readonly handleProtocols?:
    | ((protocols: Set<string>, request: IncomingMessage) => string | false)
    | null
    | undefined;
  readonly host?: string | null | undefined;
  readonly noServer?: boolean | undefined;
  readonly path?: string | null | undefined;
  readonly perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  readonly port?: number | null | undefined;
  readonly server?: HttpServer | HttpsServer | null | undefined;
  readonly verifyClient?: ((info: ClientInfo, done: VerifyDone) => unknown) | null | undefined;
  readonly WebSocket?: typeof WebSocket | undefined;
}

const DEFAULTS = Object.freeze({
  allowSynchronousEvents: true,
  autoPong: true,
  maxBufferedChunks: 262_144,
  maxFragments: 16_384,
  maxPayload: 104_857_600,
  maxPendingAutoPongs: 60,
  skipUTF8Validation: false,
  perMessageDeflate: false,
  handleProtocols: null,
  clientTracking: true,
  closeTimeout: 30_000,
  verifyClient: null,
  noServer: false,
  backlog: null,
  server: null,
  host: null,
  path: null,
  port: null,
});

type UpgradeCallback = (socket: WebSocket, request: IncomingMessage) => void;

/** A handshake that may be let in, and the connection that it came on. */
interface Candidate {
  readonly handshake: AcceptableHandshake;
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** A server with the interface of the class of that name in `ws`. */
export class WebSocketServer extends EventEmitter {
  readonly options: ServerOptions & typeof DEFAULTS;
  declare readonly clients: Set<WebSocket>;
  _state: 0 | 1 | 2 = RUNNING;
  _shouldEmitClose = false;
  declare _server: HttpServer | HttpsServer | null;
  declare _removeListeners: (() => void) | null;
  /** Shared by all sockets. */
  readonly #settings = new Derived<SocketOptions, SocketSettings>(
    SOCKET_OPTIONS,
    (options) => new SocketSettings(options, 'server'),
  );
  readonly #compressor = new Derived<PerMessageDeflateOptions, Compressor>(COMPRESSOR_OPTIONS, (options) =>
    createCompressor(options, 'server'),
  );
  readonly #onClientClose: (this: WebSocket) => void;

  constructor(given: ServerOptions = {}, callback?: () => void) {
    super();
    const options = { WebSocket, ...DEFAULTS, ...given } as ServerOptions & typeof DEFAULTS;
    const modes = [options.port !== null && options.port !== undefined, options.server, options.noServer];
    if (modes.filter(Boolean).length !== 1) {
      throw new TypeError(
        'One and only one of the "port", "server", or "noServer" options must be specified',
      );
    }
    const perMessageDeflate =
      (options.perMessageDeflate as unknown) === true ? {} : options.perMessageDeflate;
    this.options = { ...options, perMessageDeflate } as ServerOptions & typeof DEFAULTS;
    const server = this;
    // One for all sockets: a closure for each would cost each its memory.
    this.#onClientClose = function onClose(this: WebSocket): void {
      server.clients.delete(this);
      if (server._shouldEmitClose && server.clients.size === 0) process.nextTick(emitClose, server);
    };
    this.#attach(callback);
    if (options.clientTracking) this.clients = new Set();
  }

  address(): AddressInfo | string | null {
    if (this.options.noServer) throw new Error('The server is operating in "noServer" mode');
    return this._server?.address() ?? null;
  }

  /** Stops accepting. Who is connected stays: `close` is emitted when the last one has left. */
  close(callback?: (error?: Error) => void): void {
    if (this._state === CLOSED) {
      if (callback !== undefined) this.once('close', () => callback(new Error('The server is not running')));
      process.nextTick(emitClose, this);
      return;
    }
    if (callback !== undefined) this.once('close', callback);
    if (this._state === CLOSING) return;
    this._state = CLOSING;
    const server = this._server;
    this._removeListeners?.();
    this._removeListeners = null;
    this._server = null;
    const isOwnServer = !this.options.noServer && !this.options.server;
    if (isOwnServer) server!.close(() => emitClose(this));
    else if (this.clients?.size > 0) this._shouldEmitClose = true;
    else process.nextTick(emitClose, this);
  }

  /** Tells whether this server is at the path that the request asks for. */
  shouldHandle(request: IncomingMessage): boolean {
    const { path } = this.options as ServerOptions;
    if (!path) return true;
    const url = request.url ?? '';
    const query = url.indexOf('?');
    return (query < 0 ? url : url.slice(0, query)) === path;
  }

  /** Takes over one upgrade. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, callback: UpgradeCallback): void {
    socket.on('error', destroyOnError);
    const verdict = judgeHandshake(
      request,
      (candidate) => this.shouldHandle(candidate),
      (header) => this.#readExtensions(header),
    );
    if (!('status' in verdict)) {
      this.#verify({ handshake: verdict, request, socket, head }, callback);
    } else if (verdict.isForeign || this.listenerCount('wsClientError') === 0) {
      abortHandshake(socket, verdict.status, verdict.message, verdict.headers);
    } else {
      this.emit('wsClientError', new Error(verdict.message), socket, request);
    }
  }

  /** Answers a handshake that was verified. */
  completeUpgrade(
    extensions: Readonly<Record<string, PerMessageDeflate>>,
    key: string,
    protocols: Set<string>,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: UpgradeCallback,
  ): void {
    // Who left while it was being verified is not told.
    if (!socket.readable || !socket.writable) {
      socket.destroy();
      return;
    }
    if (isOwned(socket)) {
      throw new Error(
        'server.handleUpgrade() was called more than once with the same socket, ' +
          'possibly due to a misconfiguration',
      );
    }
    if (this._state > RUNNING) {
      abortHandshake(socket, 503);
      return;
    }
    const Socket = (this.options as ServerOptions).WebSocket ?? WebSocket;
    const ws = new Socket(null, undefined, this.options as never);
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptFor(key)}`,
    ];
    const protocol = this.#chooseProtocol(protocols, request);
    if (protocol) {
      lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
      ws._protocol = protocol;
    }
    const deflate = extensions[PERMESSAGE_DEFLATE];
    if (deflate !== undefined) {
      lines.push(`Sec-WebSocket-Extensions: ${format({ [PERMESSAGE_DEFLATE]: deflate.params! })}`);
      ws._extensions = extensions;
    }
    this.emit('headers', lines, request);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    socket.removeListener('error', destroyOnError);
    ws.setSocket(socket, head, this.#settings.of(this.options));
    if (this.clients !== undefined) {
      this.clients.add(ws);
      ws.on('close', this.#onClientClose);
    }
    callback(ws, request);
  }

  #attach(callback: (() => void) | undefined): void {
    const { server, port, host, backlog } = this.options as ServerOptions;
    if (port !== null && port !== undefined) {
      this._server = createServer((_request, response) => {
        const body = STATUS_CODES[426]!;
        response.writeHead(426, { 'Content-Length': body.length, 'Content-Type': 'text/plain' });
        response.end(body);
      });
      this._server.listen(port, host as never, backlog as never, callback);
    } else if (server) {
      this._server = server;
    }
    if (this._server) this._removeListeners = this.#listen(this._server);
  }

  #listen(server: HttpServer | HttpsServer): () => void {
    const emitConnection: UpgradeCallback = (ws, request) => this.emit('connection', ws, request);
    const listeners = {
      listening: () => this.emit('listening'),
      error: (error: Error) => this.emit('error', error),
      upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) =>
        this.handleUpgrade(request, socket, head, emitConnection),
    };
    for (const [event, listener] of Object.entries(listeners)) server.on(event, listener as never);
    return () => {
      for (const [event, listener] of Object.entries(listeners))
        server.removeListener(event, listener as never);
    };
  }

  #verify(candidate: Candidate, callback: UpgradeCallback): void {
    const { handshake, request, socket, head } = candidate;
    const { verifyClient } = this.options as ServerOptions;
    const complete = (): void => {
      const { extensions, key, protocols } = handshake;
      this.completeUpgrade(extensions, key, protocols, request, socket, head, callback);
    };
    if (!verifyClient) {
      complete();
      return;
    }
    const { authorized, encrypted } = request.socket as TLSSocket;
    const info: ClientInfo = {
      origin: handshake.origin as string,
      secure: Boolean(authorized || encrypted),
      req: request,
    };
    if (verifyClient.length === 2) {
      verifyClient(info, (isVerified, code, message, headers) => {
        if (isVerified) complete();
        else abortHandshake(socket, code || 401, message, headers);
      });
    } else if ((verifyClient as (info: ClientInfo) => unknown)(info)) {
      complete();
    } else {
      abortHandshake(socket, 401);
    }
  }

  #chooseProtocol(protocols: Set<string>, request: IncomingMessage): string | false | undefined {
    if (protocols.size === 0) return undefined;
    const { handleProtocols } = this.options as ServerOptions;
    return handleProtocols ? handleProtocols(protocols, request) : protocols.values().next().value;
  }

  /** Returns the extensions to use, or `null` when the offer is unacceptable. */
  #readExtensions(header: string | undefined): AcceptableHandshake['extensions'] | null {
    const { perMessageDeflate, maxPayload } = this.options as ServerOptions;
    if (!perMessageDeflate || header === undefined) return {};
    const options = perMessageDeflate === true ? {} : perMessageDeflate;
    try {
      const offers: ExtensionParams[] | undefined = parseExtensions(header)[PERMESSAGE_DEFLATE];
      if (offers === undefined) return {};
      const deflate = new PerMessageDeflate(options, true, maxPayload, this.#compressor.of(options));
      deflate.accept(offers);
      return { [PERMESSAGE_DEFLATE]: deflate };
    } catch {
      return null;
    }
  }
}

function emitClose(server: WebSocketServer): void {
  server._state = CLOSED;
  server.emit('close');
}

function destroyOnError(this: Duplex): void {
  this.destroy();
}

import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Http2SecureServer, Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CloseCode, Endpoint, encodeCloseStatus } from '@hawser/protocol/websocket';
import { type Acceptor, type ListenTarget, startAcceptor } from './acceptor.ts';
import { Broadcast } from './broadcast.ts';
import { resolveCompression } from './compression/compression-options.ts';
import { Compressor } from './compression/compressor.ts';
import { type SendData, type SendOptions, toPayload } from './data.ts';
import { WebSocketError } from './errors.ts';
import { type Exchange, UpgradeExchange } from './exchange.ts';
import { type Admission, Handshake, type HandshakeHost } from './handshake.ts';
import { ConnectExchange, toUpgradeHead } from './http2/connect-exchange.ts';
import { attachConnect, isHttp2Server } from './http2/connect-router.ts';
import { NodeNatives } from './natives.ts';
import {
  resolveBounds,
  type TraceEvent,
  type WebSocketServerBounds,
  type WebSocketServerOptions,
} from './options.ts';
import { Roster } from './roster.ts';
import { ServerSocket } from './server-socket.ts';
import { StreamConnection } from './stream-connection.ts';
import { MAX_UNWRITTEN_BYTES, type StreamContext } from './stream-context.ts';
import { hasLeft, isGone, isOwned } from './stream-owner.ts';
import { Sweeper } from './sweeper.ts';
import { setLongTimeout } from './timeout.ts';
import { Topics } from './topics.ts';
import { TurnFlusher } from './turn-flusher.ts';
import { attempt, throwLater } from './uncaught.ts';
import { type Attachment, attachUpgrade } from './upgrade-router.ts';

const NO_BYTES = new Uint8Array(0);

/** How a message is published. */
export interface PublishOptions extends SendOptions {
  /** A socket that does not get the message, though it is subscribed: mostly the one that it came from. */
  readonly except?: ServerSocket<unknown> | undefined;
}

/** How a server is closed. */
export interface CloseOptions {
  /** Close code for every client. @defaultValue 1001, "going away" */
  readonly code?: number;
  /** Close reason, at most 123 bytes of UTF-8. @defaultValue an empty one */
  readonly reason?: string;
  /** Time after which whoever is still connected is cut off, in milliseconds. @defaultValue 5 000 */
  readonly timeoutMs?: number;
}

/**
 * A WebSocket server.
 *
 * It listens on ports of its own, is attached to HTTP servers, or is handed upgrades one by one; all three at once
 * if need be, with one set of handlers, topics and bounds.
 *
 * @typeParam Data - what the `upgrade` handler attaches to each socket
 * @example
 * ```ts
 * import { WebSocketServer } from '@hawser/ws';
 *
 * const server = new WebSocketServer({
 *   open: (socket) => socket.subscribe('news'),
 *   message: (socket, data, isBinary) => server.publish('news', data, { binary: isBinary, except: socket }),
 * });
 * const { port } = await server.listen({ port: 8080 });
 * ```
 * @see RFC 6455
 */
export class WebSocketServer<Data = undefined> {
  readonly #handlers: WebSocketServerOptions<Data>;
  readonly #bounds: WebSocketServerBounds;
  readonly #natives = new NodeNatives();
  readonly #endpoint: Endpoint;
  readonly #compressor: Compressor | null;
  readonly #topics = new Topics();
  readonly #connections = new Roster<StreamConnection<ServerSocket<Data>>>();
  readonly #handshakes = new Roster<Handshake<Data>>();
  readonly #acceptors: Acceptor[] = [];
  readonly #attachments: Attachment[] = [];
  readonly #sweeper: Sweeper;
  readonly #context: StreamContext<ServerSocket<Data>>;
  readonly #host: HandshakeHost<Data>;
  #closing: Promise<void> | null = null;
  #onIdle: (() => void) | null = null;
  #stragglers: NodeJS.Timeout | undefined;

  /** @throws WS_ERR_OPTION when a bound is not of its kind */
  constructor(options: WebSocketServerOptions<Data> = {}) {
    this.#handlers = options;
    this.#bounds = resolveBounds(options);
    this.#endpoint = new Endpoint({ role: 'server', ...this.#bounds }, this.#natives);
    const compression = resolveCompression(this.#bounds.compression);
    this.#compressor = compression && new Compressor(compression, 'server');
    this.#context = this.#createContext();
    this.#host = this.#createHost();
    const { handshakeTimeoutMs, pingIntervalMs, pingTimeoutMs, closeTimeoutMs } = this.#bounds;
    this.#sweeper = new Sweeper(
      [handshakeTimeoutMs, pingIntervalMs, pingTimeoutMs, closeTimeoutMs],
      (nowMs) => {
        for (const connection of this.#connections) connection.tick(nowMs);
        for (const handshake of this.#handshakes) handshake.tick(nowMs);
      },
    );
  }

  /** How many clients are connected. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Everybody who is connected, the ones that are closing included. */
  get connections(): IterableIterator<ServerSocket<Data>> {
    return peersOf(this.#connections);
  }

  /**
   * Listens on a port of its own, for `wss:` where `tls` is given. A plain HTTP request there gets 426.
   *
   * @returns where it listens
   * @throws the system's error, such as EADDRINUSE
   */
  async listen(target: ListenTarget = {}): Promise<AddressInfo> {
    this.#checkOpen();
    const acceptor = await startAcceptor(
      target,
      this.#bounds,
      (socket) => this.#acceptSocket(socket),
      (error) => this.#reportError(error),
    );
    this.#acceptors.push(acceptor);
    if (this.#closing !== null) acceptor.stop();
    return acceptor.address;
  }

  /**
   * Takes over the WebSocket upgrades of an `http` or `https` server, on one path or on all that nobody else claims.
   * Several servers and paths can share an HTTP server; upgrades that none of them claims are left to listeners
   * of other libraries, or get 404 where there are none. Its other requests, and its `close`, stay the user's.
   *
   * Of an `http2` server, the streams that ask for WebSocket (RFC 8441) are taken over likewise, and with
   * `allowHTTP1` its upgrades too. `enableConnectProtocol` is switched on for its sessions to come; attach before it
   * listens. A `stream` or `connect` listener of one's own has to leave those streams alone.
   *
   * @param options.path - exact path without query, such as `/chat`
   * @throws WS_ERR_PATH_TAKEN when a Hawser server is attached there already, WS_ERR_OPTION when `path` is none
   */
  attach(
    server: HttpServer | Http2Server | Http2SecureServer,
    options: { readonly path?: string } = {},
  ): void {
    this.#checkOpen();
    const path = options.path ?? null;
    const refusal = [404, 'there is no WebSocket at this path', {}] as const;
    this.#attachments.push(
      attachUpgrade(server, {
        path,
        handle: (request, socket, head) => this.handleUpgrade(request, socket, head),
        refuse: ({ url }, socket) => this.#createHandshake(socket).refuse(...refusal, url),
      }),
    );
    if (!isHttp2Server(server)) return;
    this.#attachments.push(
      attachConnect(server, {
        path,
        handle: (stream, headers) => this.handleConnect(stream, headers),
        refuse: (stream, headers) =>
          this.#createConnect(stream, headers).refuse(...refusal, headers[':path']),
      }),
    );
  }

  /**
   * Takes over one upgrade, from an HTTP server's `upgrade` event: for routers of one's own.
   *
   * @param head - what `node:http` read behind the request
   * @throws WS_ERR_STREAM_TAKEN when `socket` was handed over before
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (isOwned(socket)) {
      throw new WebSocketError('WS_ERR_STREAM_TAKEN', 'handleUpgrade was called twice for the same socket');
    }
    // A router that took its time may hand over a client that has left.
    if (hasLeft(socket)) {
      socket.destroy();
      return;
    }
    // The HTTP server's timeouts are not ours.
    (socket as Partial<Socket>).setTimeout?.(0);
    (socket as Partial<Socket>).setNoDelay?.(true);
    this.#createHandshake(socket).begin(request, head);
  }

  /**
   * Takes over one stream that asks for WebSocket over HTTP/2, from an `http2` server's `stream` event: for routers
   * of one's own. The server needs the setting `enableConnectProtocol`.
   *
   * @param headers - of the request, pseudo-header fields included
   * @throws WS_ERR_STREAM_TAKEN when `stream` was handed over before
   * @see RFC 8441
   */
  handleConnect(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    if (isOwned(stream)) {
      throw new WebSocketError('WS_ERR_STREAM_TAKEN', 'handleConnect was called twice for the same stream');
    }
    if (isGone(stream)) {
      // Why it is gone may still be thrown at whoever does not listen.
      stream.on('error', () => {});
      return;
    }
    this.#createConnect(stream, headers).begin(toUpgradeHead(headers), NO_BYTES);
  }

  /**
   * Sends a message to everybody who is subscribed to `topic`. It is encoded once, and what is published in one
   * turn of the event loop leaves in one write for each recipient. It is compressed once for all recipients with
   * equal parameters.
   *
   * @param data - as in {@link ServerSocket.send}
   * @returns how many took it; a recipient that was too slow for it did not
   */
  publish(topic: string, data: SendData, options: PublishOptions = {}): number {
    if (!this.#topics.has(topic)) return 0;
    const isBinary = options.binary ?? typeof data !== 'string';
    const message = new Broadcast(this.#endpoint.slab, toPayload(data), isBinary);
    return this.#topics.publish(topic, message, options.except);
  }

  /**
   * Closes gracefully: no new connections, a close frame to everybody, and whoever does not answer in time is cut
   * off. An HTTP server that this one is attached to goes on.
   *
   * @returns a promise that is fulfilled when nobody is connected any more; the same one at each call
   * @throws WS_ERR_CLOSE_CODE_ARGUMENT, WS_ERR_CLOSE_REASON_ARGUMENT
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { code = CloseCode.GOING_AWAY, reason = '', timeoutMs = 5_000 } = options;
    // Throws at once where no client could be told.
    encodeCloseStatus(this.#natives, code, reason);
    if (this.#closing !== null) return this.#closing;
    const closing = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    this.#closing = closing;
    for (const attachment of this.#attachments) attachment.detach();
    for (const acceptor of this.#acceptors) acceptor.stop();
    for (const handshake of this.#handshakes) handshake.refuse(503, 'the server is closing');
    for (const connection of this.#connections) connection.close(code, reason);
    this.#stragglers = setLongTimeout(() => this.#terminateAll(), timeoutMs);
    this.#checkIdle();
    return closing;
  }

  #terminateAll(): void {
    for (const connection of this.#connections) connection.terminate();
    for (const handshake of this.#handshakes) handshake.terminate();
  }

  #checkIdle(): void {
    if (this.#closing === null || this.#connections.size + this.#handshakes.size > 0) return;
    clearTimeout(this.#stragglers);
    this.#sweeper.stop();
    this.#onIdle?.();
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw new WebSocketError('WS_ERR_SERVER_CLOSED', 'the server was closed');
  }

  #acceptSocket(socket: Socket): void {
    if (this.#handshakes.size >= this.#bounds.maxConnections) socket.destroy();
    else this.#createHandshake(socket).readHead();
  }

  #createConnect(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Handshake<Data> {
    return this.#createHandshake(stream, new ConnectExchange(stream, headers));
  }

  #createHandshake(stream: Duplex, exchange: Exchange = new UpgradeExchange(stream)): Handshake<Data> {
    const handshake = new Handshake(this.#host, stream, exchange);
    this.#handshakes.add(handshake);
    this.#sweeper.start();
    return handshake;
  }

  #createHost(): HandshakeHost<Data> {
    return {
      bounds: this.#bounds,
      handlers: this.#handlers,
      natives: this.#natives,
      wantedDeflate: this.#compressor?.settings.wanted ?? null,
      refusal: () => this.#refusal(),
      reportError: (error) => this.#reportError(error),
      trace: (event) => this.#trace(event),
      settled: (handshake) => {
        this.#handshakes.delete(handshake);
        this.#checkIdle();
      },
      admit: (stream, head, rest, admission) => this.#admit(stream, head, rest, admission),
    };
  }

  #createContext(): StreamContext<ServerSocket<Data>> {
    const handlers = this.#handlers;
    return {
      endpoint: this.#endpoint,
      maxBufferedBytes: this.#bounds.maxBufferedBytes,
      // Half of the bound must not be passed unnoticed: there the policy `wait` begins.
      maxUnwrittenBytes: Math.min(MAX_UNWRITTEN_BYTES, this.#bounds.maxBufferedBytes / 2),
      slowConsumer: this.#bounds.slowConsumer,
      flusher: new TurnFlusher(),
      events: {
        message: (socket, data, isBinary) => handlers.message?.(socket, data, isBinary),
        ping: (socket, data) => handlers.ping?.(socket, data),
        pong: (socket, data) => handlers.pong?.(socket, data),
        drain: (socket) => handlers.drain?.(socket),
        failed: (error, link) => {
          // What the handler was given is lost, so the connection cannot go on as if it were not.
          link.fail(CloseCode.INTERNAL_ERROR, 'internal error');
          this.#reportError(error);
        },
        closing: (link) => this.#topics.leave(link),
        closed: (link) => {
          this.#connections.delete(link);
          this.#checkIdle();
          handlers.close?.(link.peer, link.ending.closeCode, link.ending.closeReason);
        },
      },
    };
  }

  #refusal(): string | null {
    if (this.#closing !== null) return 'the server is closing';
    const { maxConnections } = this.#bounds;
    const isFull = this.#connections.size >= maxConnections || this.#handshakes.size > maxConnections;
    return isFull ? 'the server is full' : null;
  }

  #admit(
    stream: Duplex,
    head: string | null,
    rest: Uint8Array,
    { data, protocol, deflate }: Admission<Data>,
  ): void {
    const connection = new StreamConnection(
      stream,
      this.#context,
      deflate && this.#compressor!.agree(deflate),
      (self: StreamConnection<ServerSocket<Data>>) => new ServerSocket(self, this.#topics, data, protocol),
    );
    this.#connections.add(connection);
    connection.start(head, rest, () => this.#handlers.open?.(connection.peer));
  }

  #trace(event: TraceEvent): void {
    try {
      this.#handlers.trace?.(event);
    } catch (error) {
      this.#reportError(error);
    }
  }

  #reportError(error: unknown): void {
    if (this.#handlers.error === undefined) {
      throwLater(error);
      return;
    }
    const report = error instanceof Error ? error : new Error('a handler threw', { cause: error });
    attempt(() => this.#handlers.error?.(report));
  }
}

function* peersOf<Peer>(connections: Iterable<StreamConnection<Peer>>): IterableIterator<Peer> {
  for (const { peer } of connections) yield peer;
}

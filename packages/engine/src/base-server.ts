import { EventEmitter } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { HandshakeEncoder } from '@hawser/protocol/engineio';
import { stringifySetCookie } from 'cookie';
import { resolveDeflate } from './compression.ts';
import { CorsHint } from './cors-hint.ts';
import { EndedSessions } from './ended-sessions.ts';
import { ERROR_MESSAGES, ERRORS, type ErrorNumber } from './errors.ts';
import { type ForeignServerClass, ForeignWebSocketEngine } from './foreign-websocket.ts';
import { Jsonp } from './jsonp.ts';
import { createCorsMiddleware, type Middleware, runMiddlewares, UpgradeResponse } from './middleware.ts';
import {
  type AttachOptions,
  type ResolvedOptions,
  readCookie,
  resolveOptions,
  type ServerOptions,
  type TransportName,
} from './options.ts';
import { type RawData, toPacketData } from './packet.ts';
import { Polling } from './polling.ts';
import { textOfFrame } from './pre-encoded-frame.ts';
import { PreparedMessage } from './prepared-message.ts';
import { QueryReader } from './query.ts';
import { abortRequest, abortUpgrade, type ErrorCallback, type ErrorContext } from './refusal.ts';
import { discardBody } from './request-body.ts';
import { isGone } from './request-stream.ts';
import { Socket } from './session.ts';
import type { SessionHost } from './session-host.ts';
import { SessionIds } from './session-id.ts';
import { SessionSweep } from './session-sweep.ts';
import { keyOf, Sessions } from './sessions.ts';
import { StickyHint } from './sticky-hint.ts';
import { StringPool } from './string-pool.ts';
import { type CloseNotice, type EngineRequest, type Transport, versionOf } from './transport.ts';
import { type TransportContext, TransportContexts } from './transport-context.ts';
import { transports } from './transports.ts';
import { verifyRequest } from './verification.ts';
import { NativeWebSocketEngine, type WebSocketEngine } from './websocket-engine.ts';
import { endSession, type WebTransportSession } from './webtransport.ts';
import { receiveWebTransport } from './webtransport-session.ts';

/** Turns a request away with one of `Server.errors`. */
type Refuse = (code: ErrorNumber, context?: ErrorContext) => void;

/** An Engine.IO server, whatever its requests come from. */
export class BaseServer extends EventEmitter {
  static readonly errors = ERRORS;
  static readonly errorMessages = ERROR_MESSAGES;

  /**
   * The options, with their defaults. `pingInterval`, `pingTimeout`, `upgradeTimeout`, `maxHttpBufferSize` (but for a
   * `wsEngine`) and `httpCompression` may be set later: sessions that begin then go by them. What is changed within
   * `httpCompression` holds at once.
   */
  readonly opts: ResolvedOptions;
  readonly #middlewares: Middleware[] = [];
  readonly #ids = new SessionIds();
  readonly #sessions = new Sessions();
  readonly #sweep: SessionSweep;
  readonly #contexts: TransportContexts;
  readonly #host: SessionHost;
  readonly #websockets: WebSocketEngine;
  #isClosed = false;
  readonly #strings = new StringPool();
  readonly #queries = new QueryReader(this.#strings);
  readonly #corsHint = new CorsHint();
  readonly #stickyHint: StickyHint;
  readonly #ended = new EndedSessions();
  readonly #preparedByFrame = new WeakMap<object, PreparedMessage>();

  constructor(options: ServerOptions = {}) {
    super();
    this.opts = resolveOptions(options);
    const cors = createCorsMiddleware(this.opts.cors);
    if (cors !== null) this.use(cors);
    this.#contexts = new TransportContexts(this.opts, (headers, request, response, sid) =>
      this.#decorateHeaders(headers, request as EngineRequest, response, sid),
    );
    this.#websockets = this.#createWebSocketEngine();
    this.#stickyHint = new StickyHint(this.opts.pingInterval + this.opts.pingTimeout);
    this.#sweep = new SessionSweep(this.#sessions, this.opts, () => this.#websockets);
    this.#host = this.#createHost();
  }

  /** The sessions by their ids. */
  get clients(): Record<string, Socket> {
    return this.#sessions.asRecord();
  }

  get clientsCount(): number {
    return this.#sessions.size;
  }

  /**
   * The server that the option `wsEngine` made. With Hawser's own, an emitter of `headers(lines, request)`, for which
   * programs listen on it: `headers` and `initial_headers` of the engine itself do more.
   */
  get ws(): unknown {
    return this.#websockets.server;
  }

  /** Returns the names of the transports that a session can move to from another. */
  upgrades(transport: TransportName): readonly string[] {
    return this.opts.allowUpgrades ? transports[transport].upgradesTo : [];
  }

  /** Has an Express middleware run for every request, upgrades included. */
  use(middleware: Middleware): void {
    this.#middlewares.push(middleware);
  }

  /**
   * Returns the id of a new session. Replace it to give your own; they are what a client proves itself with in all
   * further requests, so they must not be guessed.
   */
  generateId(_request: IncomingMessage): string | PromiseLike<string> {
    return this.#ids.next();
  }

  /**
   * Encodes a message once, to be sent to many sessions with `socket.send`.
   * @param data - bytes are borrowed until the last recipient has them
   */
  prepareMessage(data: RawData): PreparedMessage {
    return new PreparedMessage(toPacketData(data), this.#contexts.current.codecs, this.#websockets.slab);
  }

  /** Handles one HTTP request of a client, for routers of one's own. */
  handleRequest(req: IncomingMessage, res: ServerResponse): void {
    const request = this.#takeIn(req, false);
    request.res = res;
    const refuse: Refuse = (code, context) =>
      this.#refuse(request, code, context, (known) => {
        discardBody(request, this.#contexts.current);
        abortRequest(res, code, known);
      });
    this.#verify(request, res, false, refuse, () => {
      const { sid } = request._query;
      if (sid) this.#sessions.find(sid)!.transport.onRequest(request, res);
      else this.#admit(request, refuse, (id) => this.#openPolling(id, request, res));
    });
  }

  /**
   * Handles one upgrade of a client, for routers of one's own.
   * @throws Error when `socket` is let in that was let in before
   */
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const request = this.#takeIn(req, true);
    const response = this.#middlewares.length === 0 ? null : new UpgradeResponse(request, socket);
    let isAccepted = false;
    const refuse: Refuse = (code, context) =>
      this.#refuse(request, code, context, (known) => abortUpgrade(request, socket, code, known));
    const accept = (onOpen: (transport: Transport) => void, context = this.#contexts.current): void => {
      isAccepted = true;
      socket.off('error', ignore);
      const collected = response?.accept() ?? {};
      const headers = (): OutgoingHttpHeaders => this.#announceHeaders(collected, request);
      this.#websockets.accept({ request, socket, head, headers, context, onOpen });
    };
    this.#verify(request, response as ServerResponse, true, refuse, () => {
      const { sid } = request._query;
      if (sid) {
        accept((transport) => this.#upgrade(sid, transport), this.#contextOf(sid));
      } else {
        this.#admit(request, refuse, (id) => {
          // A foreign server may take the connection from under the socket.
          const { remoteAddress = '' } = request.socket;
          accept((transport) =>
            this.emit('connection', this.#openSession(id, transport, request, remoteAddress)),
          );
        });
      }
    });
    // The client may leave while it is decided on, or while it is told.
    if (!isAccepted) socket.on('error', ignore);
  }

  /**
   * Takes a WebTransport session in hand. Middlewares cannot judge one, so with any it is closed.
   * @returns a promise that is fulfilled when its stream is there, or it has ended
   */
  async onWebTransportSession(session: unknown): Promise<void> {
    const webTransport = session as WebTransportSession;
    if (this.#middlewares.length > 0) {
      endSession(webTransport, null);
      return;
    }
    await receiveWebTransport(webTransport, this.#contexts.current, this.opts.upgradeTimeout, {
      onNewSession: (transport) => {
        if (this.#isClosed) return false;
        transport.follow(this.#contexts.current);
        this.emit('connection', this.#openSession(this.#ids.next(), transport, null));
        return true;
      },
      onUpgrade: (transport, sid) => {
        transport.follow(this.#contextOf(sid));
        return this.#sessions.find(sid)?.tryUpgrade(transport) ?? false;
      },
    });
  }

  /**
   * Closes all sessions at once, and lets nobody in from now on, until an HTTP server that it is attached to listens
   * again. That goes on.
   */
  close(): this {
    for (const session of this.#sessions) session.close(true);
    this.#isClosed = true;
    this.#websockets.close();
    return this;
  }

  /** What a URL begins with, to be one of ours. */
  protected _computePath(options: AttachOptions): string {
    const path = (options.path || '/engine.io').replace(/\/$/, '');
    return options.addTrailingSlash === false ? path : `${path}/`;
  }

  /** Judges a request; `done` gets the error, if there is one. */
  protected verify(request: EngineRequest, isUpgrade: boolean, done: ErrorCallback): void {
    verifyRequest(request, isUpgrade, this.opts, { sessions: this.#sessions, ended: this.#ended }, done);
  }

  #takeIn(req: IncomingMessage, isUpgrade: boolean): EngineRequest {
    const request = this.#queries.read(req);
    // What begins a session is kept as long as it.
    if (!request._query.sid && req.httpVersionMajor === 1) this.#strings.shareRequest(request, isUpgrade);
    return request;
  }

  #verify(
    request: EngineRequest,
    response: ServerResponse,
    isUpgrade: boolean,
    refuse: Refuse,
    proceed: () => void,
  ): void {
    runMiddlewares(this.#middlewares, request, response, (isPassed) => {
      if (!isPassed) {
        refuse(ERRORS.BAD_REQUEST, { name: 'MIDDLEWARE_FAILURE' });
        return;
      }
      this.verify(request, isUpgrade, (code, context) => {
        if (code === undefined) proceed();
        else refuse(code, context);
      });
    });
  }

  #refuse(
    request: EngineRequest,
    code: ErrorNumber,
    context: ErrorContext | undefined,
    abort: (context: ErrorContext) => void,
  ): void {
    if (code === ERRORS.UNKNOWN_SID && !this.#ended.has(request._query.sid!)) this.#stickyHint.consider();
    this.emit('connection_error', { req: request, code, message: ERROR_MESSAGES[code], context });
    abort(context ?? {});
  }

  /** Finds an id for a new session. */
  #admit(request: EngineRequest, refuse: Refuse, proceed: (id: string) => void): void {
    const protocol = versionOf(request);
    if (protocol === 3 && !this.opts.allowEIO3) {
      refuse(ERRORS.UNSUPPORTED_PROTOCOL_VERSION, { protocol });
      return;
    }
    const fail = (error: unknown): void => refuse(ERRORS.BAD_REQUEST, { name: 'ID_GENERATION_ERROR', error });
    let id: string | PromiseLike<string>;
    try {
      id = this.generateId(request);
    } catch (error) {
      fail(error);
      return;
    }
    if (typeof id === 'string') proceed(id);
    else Promise.resolve(id).then(proceed, fail);
  }

  #openPolling(id: string, request: EngineRequest, response: ServerResponse): void {
    // While it was decided on, the client may have left, of which nothing more would be heard.
    if (isGone(response)) return;
    if (this.#isClosed) {
      response.writeHead(503).end();
      return;
    }
    const isJsonp = request._query.j !== undefined;
    const transport = new (isJsonp ? Jsonp : Polling)(request, this.#contexts.current);
    const session = this.#openSession(id, transport, request, request.socket.remoteAddress);
    transport.onRequest(request, response);
    // The answer carries the handshake alone: programs count on what listeners send coming with the next poll.
    transport.flush();
    this.emit('connection', session);
  }

  #openSession(id: string, transport: Transport, request: EngineRequest | null, remoteAddress = ''): Socket {
    const session = new Socket(id, this.#host, transport, request, remoteAddress);
    this.#sessions.add(session);
    this.#sweep.start();
    session.open();
    return session;
  }

  #closeSession(session: Socket, notice: CloseNotice | null): void {
    if (!this.#sessions.delete(session)) return;
    // Of a session that polled, requests may still be on their way.
    const hasPolled = session.upgraded || session.transport.name === 'polling';
    if (notice !== null || hasPolled) this.#ended.remember(keyOf(session), notice?.reason);
  }

  /** Returns what a session's next transport goes by: what its handshake promised. */
  #contextOf(sid: string): TransportContext {
    const transport = this.#sessions.find(sid)?.transport;
    return transport instanceof Polling ? transport.context : this.#contexts.current;
  }

  #upgrade(sid: string, transport: Transport): void {
    if (!this.#sessions.find(sid)?.tryUpgrade(transport)) transport.close();
  }

  #announceHeaders(headers: OutgoingHttpHeaders, request: EngineRequest): OutgoingHttpHeaders {
    if (!request._query.sid) this.emit('initial_headers', headers, request);
    this.emit('headers', headers, request);
    return headers;
  }

  #decorateHeaders(
    headers: OutgoingHttpHeaders,
    request: EngineRequest,
    response: ServerResponse,
    sid: string,
  ): void {
    const { cookie } = this.opts;
    const isInitial = !request._query.sid;
    if (isInitial && cookie) {
      // What is in it may have been changed.
      const { name = 'io', ...attributes } = readCookie(cookie === true ? {} : cookie);
      headers['Set-Cookie'] = [stringifySetCookie(name, sid, attributes)];
    }
    this.#announceHeaders(headers, request);
    if (isInitial) this.#corsHint.consider(request, response, headers);
  }

  #createWebSocketEngine(): WebSocketEngine {
    const { wsEngine, perMessageDeflate } = this.opts;
    if (wsEngine !== undefined) {
      const ForeignServer = wsEngine as ForeignServerClass;
      return new ForeignWebSocketEngine(ForeignServer, this.#contexts.current, perMessageDeflate);
    }
    return new NativeWebSocketEngine(this.#contexts.current, resolveDeflate(perMessageDeflate), () =>
      this.#sweep.start(),
    );
  }

  #createHost(): SessionHost {
    const { transports: enabled } = this.opts;
    return {
      server: this,
      opts: this.opts,
      sweep: this.#sweep,
      handshakes: new HandshakeEncoder(),
      upgradesFrom: (transport) =>
        this.upgrades(transport.name as TransportName).filter((name) =>
          enabled.includes(name as TransportName),
        ),
      preparedFor: (frame, data) => {
        const known = this.#preparedByFrame.get(frame);
        if (known !== undefined) return known;
        // Such a frame is not compressed.
        const text = this.opts.perMessageDeflate ? null : textOfFrame(frame);
        const prepared = new PreparedMessage(
          data,
          this.#contexts.current.codecs,
          this.#websockets.slab,
          text,
        );
        this.#preparedByFrame.set(frame, prepared);
        return prepared;
      },
      sessionClosed: (session, notice) => this.#closeSession(session, notice),
    };
  }

  /** Lets clients in again, after `close`. */
  protected reopen(): void {
    if (this.#isClosed) this.#websockets.reopen();
    this.#isClosed = false;
  }
}

function ignore(): void {}

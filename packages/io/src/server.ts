import { createServer, type Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import {
  attach,
  type Socket as Conn,
  type Server as Engine,
  type UwsAttachOptions,
  uServer,
} from '@hawser/engine';
import { cutUntaken, throwLater } from '@hawser/engine/internal';
import { Adapter } from './adapter/index.ts';
import { RecoveryAdapter } from './adapter/recovery-adapter.ts';
import { Client } from './client.ts';
import { Namespace } from './namespace.ts';
import { NamespaceFacade } from './namespace-facade.ts';
import { type AdapterConstructor, resolveAmount, resolveOptions, type ServerOptions } from './options.ts';
import { ParentNamespace } from './parent-namespace.ts';
import * as parser from './parser/index.ts';
import { Runtime } from './runtime.ts';
import { addClientFiles, attachClientFiles } from './serve.ts';
import type { Socket } from './socket.ts';
import type { Anything, DefaultEventsMap, EventsMap } from './typed-events.ts';

type AnyHttpServer = HttpServer | HttpsServer | Http2SecureServer | Http2Server;

/** Decides whether a namespace comes into being for a client that asks for it. */
export type ParentNspNameMatchFn = (
  name: string,
  auth: { [key: string]: Anything },
  fn: (err: Error | null, success: boolean) => void,
) => void;

const DEFAULT_MAX_NAMESPACES = 1000;

/** How long `close` waits for the HTTP server's own connections, where the engine does not say. */
const MAX_CLOSE_MS = 10_000;

/** Of the arrangements with clients of Hawser, which the handshake tells. */
const HANDSHAKE_EXTRAS = Object.freeze({ hawser: 1 });

/**
 * A Socket.IO server. What emits, joins and listens here does so in its main namespace, `/`.
 *
 * @example
 * ```ts
 * import { Server } from '@hawser/io';
 *
 * const io = new Server(3000);
 * io.on('connection', (socket) => {
 *   io.emit('arrived', socket.id);
 * });
 * ```
 * @see https://socket.io/docs/v4/server-api/
 */
export class Server<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = Anything,
> extends NamespaceFacade<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  /** The main namespace. */
  readonly sockets: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** The engine below, once it is attached. */
  engine!: Engine;
  /** The HTTP server that it is attached to. */
  httpServer!: AnyHttpServer;
  /** @internal */
  readonly _parser: typeof parser;
  /** @internal Adapters encode with it. */
  readonly encoder: InstanceType<typeof parser.Encoder>;
  /** @internal The namespaces by their names. */
  _nsps: Map<string, Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> = new Map();
  /** @internal */
  _connectTimeout: number;
  /** @internal */
  readonly runtime: Runtime;
  /** @internal Adapters read it. */
  readonly opts: Partial<ServerOptions>;
  readonly #parents: [
    ParentNspNameMatchFn,
    ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
  ][] = [];
  readonly #patterns: [RegExp, ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>][] =
    [];
  #adapter: AdapterConstructor | undefined;
  #path: string;
  #pathPattern!: RegExp;
  #servesClient: boolean;
  #parentCount = 0;

  /**
   * Makes a server that `attach`, `listen` or `bind` sets to work.
   * @throws IO_ERR_OPTION when an option is not of its kind, RangeError when it is one of the engine's
   */
  constructor(opts?: Partial<ServerOptions>);
  /** @param srv - an HTTP server, or a port to listen on; without, `attach`, `listen` or `bind` follows */
  constructor(srv?: AnyHttpServer | number, opts?: Partial<ServerOptions>);
  constructor(
    srv: undefined | Partial<ServerOptions> | AnyHttpServer | number,
    opts?: Partial<ServerOptions>,
  );
  constructor(srv?: Partial<ServerOptions> | AnyHttpServer | number, opts: Partial<ServerOptions> = {}) {
    super();
    if (typeof srv === 'object' && srv !== null && !('listen' in srv)) {
      opts = srv;
      srv = undefined;
    }
    this.opts = resolveOptions(opts);
    this.runtime = new Runtime(this.opts);
    this.#path = this.#setPath(opts.path || '/socket.io');
    this._connectTimeout = this.opts.connectTimeout || 45_000;
    this.#servesClient = opts.serveClient !== false;
    this._parser = opts.parser ?? parser;
    this.encoder = new this._parser.Encoder();
    this.#adapter = opts.adapter ?? (this.runtime.recovers ? RecoveryAdapter : Adapter);
    this.sockets = this.of('/');
    if (srv !== undefined && srv !== null) this.attach(srv as AnyHttpServer | number);
  }

  /** @internal */
  get _opts(): Partial<ServerOptions> {
    return this.opts;
  }

  /** @internal Programs read `clientsCount` of it. */
  get eio(): Engine {
    return this.engine;
  }

  /** @internal */
  get maxNamespacesPerConnection(): number {
    return this.opts.maxNamespacesPerConnection ?? DEFAULT_MAX_NAMESPACES;
  }

  /** Sets whether the client's bundles are served. */
  serveClient(v: boolean): this;
  serveClient(): boolean;
  serveClient(v?: boolean): this | boolean;
  serveClient(v?: boolean): this | boolean {
    if (v === undefined) return this.#servesClient;
    this.#servesClient = v;
    return this;
  }

  /** Sets what the URLs of clients begin with. */
  path(v: string): this;
  path(): string;
  path(v?: string): this | string;
  path(v?: string): this | string {
    if (v === undefined) return this.#path;
    this.#path = this.#setPath(v);
    return this;
  }

  /**
   * Sets the time for a client to connect to a namespace, in milliseconds.
   * @throws IO_ERR_OPTION when it is none
   */
  connectTimeout(v: number): this;
  connectTimeout(): number;
  connectTimeout(v?: number): this | number;
  connectTimeout(v?: number): this | number {
    if (v === undefined) return this._connectTimeout;
    this._connectTimeout = resolveAmount('connectTimeout', v);
    return this;
  }

  /** Sets what makes the adapters of the namespaces, also of those that are there. */
  adapter(): AdapterConstructor | undefined;
  adapter(v: AdapterConstructor): this;
  adapter(v?: AdapterConstructor): this | AdapterConstructor | undefined {
    if (v === undefined) return this.#adapter;
    this.#adapter = v;
    for (const nsp of this._nsps.values()) nsp._initAdapter();
    this.#tellClients();
    return this;
  }

  /** As {@link attach}. */
  listen(srv: AnyHttpServer | number, opts: Partial<ServerOptions> = {}): this {
    return this.attach(srv, opts);
  }

  /**
   * Takes over the requests of an HTTP server to the path.
   * @param srv - or a port to listen on
   * @throws Error when given the request handler of a framework
   */
  attach(srv: AnyHttpServer | number, opts: Partial<ServerOptions> = {}): this {
    if (typeof srv === 'function') {
      throw new Error(
        'You are trying to attach socket.io to an express request handler function. Please pass a http.Server instance.',
      );
    }
    const isPort = typeof srv !== 'object';
    const httpServer = isPort ? createServer((_request, response) => response.writeHead(404).end()) : srv;
    if (isPort) (httpServer as HttpServer).listen(Number(srv));
    const merged = { ...opts, ...this.opts };
    merged.path ||= this.#path;
    const engine = attach(httpServer as HttpServer, merged);
    if (this.#servesClient) attachClientFiles(httpServer, () => this.#pathPattern, merged.cors);
    this.httpServer = httpServer;
    return this.bind(engine);
  }

  /**
   * Takes over the requests of an app of uWebSockets.js to the path.
   * @param app - what `App()` or `SSLApp()` made; listening is yours
   */
  attachApp(app: Anything, opts: Partial<ServerOptions> & UwsAttachOptions = {}): void {
    const merged = { ...opts, ...this.opts };
    merged.path ||= this.#path;
    const engine = new uServer(merged);
    engine.attach(app, merged);
    if (this.#servesClient) addClientFiles(app, this.#path, () => this.#pathPattern, merged.cors);
    this.bind(engine);
  }

  /** Takes the connections of an engine: one of this project, or engine.io's. */
  bind(engine: Anything): this {
    this.engine = engine;
    this.runtime.engine = engine;
    this.#tellClients();
    engine.on('connection', (conn: Conn) => this.#onConnection(conn));
    return this;
  }

  /**
   * Returns a namespace, which it makes unless it is there.
   * @param name - or a pattern or a function, for namespaces that come into being when a client asks for them
   * @param fn - listener for `connection`
   */
  of(
    name: string | RegExp | ParentNspNameMatchFn,
    fn?: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const nsp =
      typeof name === 'function' || name instanceof RegExp
        ? this.#createParent(name)
        : this.#getOrCreate(name);
    if (fn !== undefined) nsp.on('connect', fn);
    return nsp;
  }

  /**
   * Disconnects all clients, and closes the engine and the HTTP server, whose own connections have 10 s to end.
   * @param fn - called when that is done, with an error where the HTTP server was not listening
   */
  async close(fn?: (err?: Error) => void): Promise<void> {
    await Promise.allSettled(
      [...this._nsps.values()].map(async (nsp) => {
        for (const socket of nsp.sockets.values()) socket._onclose('server shutting down');
        await nsp.adapter.close();
      }),
    );
    this.engine?.close();
    const { httpServer } = this;
    if (httpServer === undefined) {
      fn?.();
      return;
    }
    await new Promise<void>((resolve) => {
      // Node waits for ever for a connection on which no request ever came.
      const timer = setTimeout(
        () => endConnections(httpServer),
        this.engine?.opts?.closeTimeout ?? MAX_CLOSE_MS,
      );
      timer.unref();
      httpServer.close((error) => {
        clearTimeout(timer);
        fn?.(error);
        resolve();
      });
    });
  }

  /**
   * @internal Finds the namespace for a name that nobody has made, or makes it by the first pattern that allows it.
   * @param isWanted - whether it still is, when that has been decided
   */
  _checkNamespace(
    name: string,
    auth: { [key: string]: Anything },
    fn: (nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> | false) => void,
    isWanted: () => boolean,
  ): void {
    const parents = [...this.#parents];
    const askFrom = (at: number): void => {
      const candidate = parents[at];
      if (candidate === undefined) {
        fn(false);
        return;
      }
      const [matches, parent] = candidate;
      let isDecided = false;
      const decide = (error: Error | null, isAllowed: boolean): void => {
        if (isDecided) return;
        isDecided = true;
        if (error || !isAllowed) askFrom(at + 1);
        else fn(isWanted() && this.#getOrCreateChild(parent, name));
      };
      try {
        matches(name, auth, decide);
      } catch (error) {
        throwLater(error);
        decide(null, false);
      }
    };
    askFrom(0);
  }

  /** What the program throws at a namespace in the making is uncaught: the client has its answer all the same. */
  #getOrCreateChild(
    parent: ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    name: string,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> | false {
    try {
      // While it was decided on, another client may have asked for the same.
      return this._nsps.get(name) ?? parent.createChild(name);
    } catch (error) {
      throwLater(error);
      // It is there where only a listener for it failed.
      return this._nsps.get(name) ?? false;
    }
  }

  /** @internal */
  addNamespace(nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    this._nsps.set(nsp.name, nsp);
    if (nsp.name !== '/') this.sockets.announce(nsp);
  }

  /** @internal */
  nextParentNumber(): number {
    return this.#parentCount++;
  }

  #getOrCreate(name: string): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const full = String(name).startsWith('/') ? String(name) : `/${name}`;
    const existing = this._nsps.get(full);
    if (existing !== undefined) return existing;
    for (const [pattern, parent] of this.#patterns) {
      if (pattern.test(full)) return parent.createChild(full);
    }
    const nsp = new Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>(this, full);
    this.addNamespace(nsp);
    return nsp;
  }

  #createParent(
    name: RegExp | ParentNspNameMatchFn,
  ): ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const parent = new ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>(this);
    if (typeof name === 'function') {
      this.#parents.push([name, parent]);
    } else {
      // A pattern with a memory of where it stopped would fit every other time.
      const pattern = new RegExp(name.source, name.flags.replace(/[gy]/g, ''));
      this.#parents.push([(nsp, _auth, next) => next(null, pattern.test(nsp)), parent]);
      this.#patterns.push([pattern, parent]);
    }
    return parent;
  }

  #onConnection(conn: Conn): void {
    const client = new Client(this as Anything, conn);
    // Clients of Socket.IO 1 and 2 do not ask.
    if (conn.protocol === 3) client.connect('/');
  }

  /** Clients of Hawser count events where our adapter does. A foreign engine tells its clients nothing of us. */
  #tellClients(): void {
    const engine = this.engine as Engine | undefined;
    if (engine === undefined || !('prepareMessage' in engine)) return;
    const counts = this.runtime.recovers && this.sockets.adapter instanceof RecoveryAdapter;
    const { hawser: _, ...given } = engine.opts.handshakeExtras ?? {};
    engine.opts.handshakeExtras = counts ? { ...given, ...HANDSHAKE_EXTRAS } : given;
  }

  #setPath(path: string): string {
    const trimmed = path.replace(/\/$/, '');
    const escaped = trimmed.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    this.#pathPattern = new RegExp(
      `^${escaped}/socket\\.io(\\.msgpack|\\.esm)?(\\.min)?\\.js(\\.map)?(?:\\?|$)`,
    );
    return trimmed;
  }
}

/** HTTP/2 servers have no such method, and no such connections. Upgrades are not among them. */
function endConnections(server: AnyHttpServer): void {
  if ('closeAllConnections' in server) server.closeAllConnections();
  cutUntaken(server);
}

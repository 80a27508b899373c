import { SlotMap, throwLater } from '@hawser/engine/internal';
import type { Adapter, Room, SocketId } from './adapter/index.ts';
import type { AnyClient, AnyNamespace, AnySocket } from './aliases.ts';
import { BroadcastOperator } from './broadcast-operator.ts';
import type { Client } from './client.ts';
import { type Middleware, runMiddlewares } from './middleware.ts';
import type { AdapterConstructor } from './options.ts';
import type { RemoteSocket } from './remote-socket.ts';
import type { Server } from './server.ts';
import { Socket } from './socket.ts';
import { openSession, type SocketSession } from './socket-session.ts';
import { refuseReserved } from './socket-types.ts';
import {
  type AllButLast,
  type Anything,
  type DecorateAcknowledgements,
  type DecorateAcknowledgementsWithMultipleResponses,
  type DecorateAcknowledgementsWithTimeoutAndMultipleResponses,
  type DefaultEventsMap,
  type EventNames,
  type EventNamesWithAck,
  type EventNamesWithoutAck,
  type EventParams,
  type EventsMap,
  type FirstNonErrorArg,
  type Last,
  type RemoveAcknowledgements,
  StrictEventEmitter,
} from './typed-events.ts';

/** An error of a middleware: the client gets the message, and `data`. */
export interface ExtendedError extends Error {
  data?: Anything;
}

/** The events of a namespace that are not those of other servers. */
export interface NamespaceReservedEventsMap<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> {
  connect: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
  connection: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
}

/** The events of a server that are not those of other servers. */
export interface ServerReservedEventsMap<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> extends NamespaceReservedEventsMap<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  new_namespace: (namespace: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void;
}

/** The events of a namespace: those between servers must not have the name of one of these. */
const NAMESPACE_EVENTS: ReadonlySet<unknown> = new Set(['connect', 'connection', 'new_namespace']);

/** Sockets that share a name, middlewares and rooms, over the same connections as other namespaces. */
export class Namespace<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = Anything,
> extends StrictEventEmitter<
  ServerSideEvents,
  RemoveAcknowledgements<EmitEvents>,
  NamespaceReservedEventsMap<ListenEvents, EmitEvents, ServerSideEvents, SocketData>
> {
  readonly name: string;
  /** The connected sockets by their ids. */
  readonly sockets: Map<SocketId, Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> =
    new SlotMap();
  /** What brings packets to the sockets, here and on other servers. */
  adapter!: Adapter;
  readonly server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** @internal The middlewares; upstream has them under this name. */
  _fns: Middleware<Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>[] = [];
  /** @internal The id of the next event that asks for an answer; adapters count it on. */
  _ids = 0;
  /** @internal What to do when the last socket has left. */
  onEmpty: (() => void) | null = null;
  /** How many sockets middlewares have in hand. */
  #joining = 0;
  /** How many have their sessions looked for. */
  #opening = 0;
  /** Sockets by their sessions, where those can outlive them; those too that middlewares have in hand. */
  readonly #byPid = new Map<string, AnySocket>();

  /** @internal Made by `server.of`. */
  constructor(server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>, name: string) {
    super();
    this.server = server;
    this.name = name;
    this._initAdapter();
  }

  /** @internal Gives it an adapter of the class that the server has now. */
  _initAdapter(): void {
    this.adapter = createAdapter(this.server.adapter()!, this as Anything);
    // An adapter that fails to begin has its own way to say so.
    Promise.resolve(this.adapter.init()).catch(ignore);
  }

  /** Has a middleware judge each client that connects; the message of its error, and `data`, go to the client. */
  use(
    fn: (
      socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
      next: (err?: ExtendedError) => void,
    ) => void,
  ): this {
    this._fns.push(fn);
    return this;
  }

  /** Returns what emits to a room, or several. */
  to(
    room: Room | Room[],
  ): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.#broadcast().to(room);
  }

  /** As {@link to}. */
  in(
    room: Room | Room[],
  ): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.#broadcast().in(room);
  }

  /** Returns what emits to all but a room, or several. */
  except(
    room: Room | Room[],
  ): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.#broadcast().except(room);
  }

  /**
   * Emits an event to all sockets.
   * @throws Error when the name is reserved
   */
  override emit<Ev extends EventNamesWithoutAck<EmitEvents>>(
    ev: Ev,
    ...args: EventParams<EmitEvents, Ev>
  ): boolean {
    return new BroadcastOperator<EmitEvents, SocketData>(this.adapter).emit(ev, ...args);
  }

  /** Emits the event `message` to all sockets. */
  send(...args: EventParams<EmitEvents, 'message'>): this {
    this.emit('message' as Anything, ...(args as Anything));
    return this;
  }

  /** As {@link send}. */
  write(...args: EventParams<EmitEvents, 'message'>): this {
    return this.send(...args);
  }

  /**
   * Emits an event to the other servers.
   * @param args - a function at the end is called with the answers of all
   * @throws Error when the name is reserved
   */
  serverSideEmit<Ev extends EventNames<ServerSideEvents>>(
    ev: Ev,
    ...args: EventParams<DecorateAcknowledgementsWithTimeoutAndMultipleResponses<ServerSideEvents>, Ev>
  ): boolean {
    refuseReserved(ev, (name) => NAMESPACE_EVENTS.has(name));
    this.adapter.serverSideEmit([ev, ...(args as unknown[])]);
    return true;
  }

  /** Emits an event to the other servers and returns a promise for their answers. */
  serverSideEmitWithAck<Ev extends EventNamesWithAck<ServerSideEvents>>(
    ev: Ev,
    ...args: AllButLast<EventParams<ServerSideEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<ServerSideEvents, Ev>>>[]> {
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null, responses: never): void => {
        if (error) reject(Object.assign(error, { responses }));
        else resolve(responses);
      };
      this.serverSideEmit(ev, ...([...args, settle] as Anything));
    });
  }

  /** @internal Another server emitted an event. */
  _onServerSideEmit(args: [string, ...unknown[]]): void {
    this.emitUntyped(...args);
  }

  /**
   * Returns the ids of the sockets, on all servers.
   * @deprecated as upstream: `fetchSockets` and `serverSideEmit` serve the purpose
   */
  allSockets(): Promise<Set<SocketId>> {
    return this.#broadcast().allSockets();
  }

  /** Sets whether the next event may be compressed. */
  compress(
    compress: boolean,
  ): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.#broadcast().compress(compress);
  }

  /** What emits events that may be dropped. */
  get volatile(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.#broadcast().volatile;
  }

  /** What emits to the sockets of this server. */
  get local(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.#broadcast().local;
  }

  /** Bounds the time for the answers to the next event, in milliseconds. */
  timeout(
    timeout: number,
  ): BroadcastOperator<
    DecorateAcknowledgements<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>>,
    SocketData
  > {
    return this.#broadcast().timeout(timeout);
  }

  /** Returns the sockets, on all servers. */
  fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]> {
    return new BroadcastOperator<EmitEvents, SocketData>(this.adapter).fetchSockets();
  }

  /** Has all sockets join a room, or several. */
  socketsJoin(room: Room | Room[]): void {
    this.#broadcast().socketsJoin(room);
  }

  /** Has all sockets leave a room, or several. */
  socketsLeave(room: Room | Room[]): void {
    this.#broadcast().socketsLeave(room);
  }

  /**
   * Disconnects all sockets.
   * @param close - ends their connections
   */
  disconnectSockets(close = false): void {
    this.#broadcast().disconnectSockets(close);
  }

  /** @internal A namespace came into being. */
  announce(nsp: AnyNamespace): void {
    this.emitUntyped('new_namespace', nsp);
  }

  /** @internal A client wants to connect. Where the program fails, its error is uncaught, and the client refused. */
  async _add(
    client: Client<ListenEvents, EmitEvents, ServerSideEvents>,
    auth: Record<string, unknown>,
  ): Promise<void> {
    let socket: AnySocket | null = null;
    const judge = (session: SocketSession | null): void => {
      socket = new Socket(this, client, auth, session) as AnySocket;
      this.#joining++;
      this.#judge(socket);
    };
    try {
      if (this.server.runtime.recovers) await this.#openSession(client, auth, judge);
      else judge(null);
    } catch (error) {
      throwLater(error);
      // Behind what a middleware may have decided before it failed.
      process.nextTick(this.#giveUp, client, socket);
    }
  }

  /**
   * @internal A socket is gone.
   * @param wasJoining - it had not been let in
   */
  _remove(socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>, wasJoining: boolean): void {
    if (wasJoining) this.#joining--;
    if (this.sockets.get(socket.id) === (socket as AnySocket)) this.sockets.delete(socket.id);
    const { pid } = socket;
    if (pid !== undefined && this.#byPid.get(pid) === (socket as AnySocket)) this.#byPid.delete(pid);
    this.#tellWhenEmpty();
  }

  #tellWhenEmpty(): void {
    if (this.sockets.size + this.#joining + this.#opening === 0) this.onEmpty?.();
  }

  /** `use` is called at once where it can be: whoever asks for the session next finds its socket. */
  async #openSession(
    client: AnyClient,
    auth: Record<string, unknown>,
    use: (session: SocketSession) => void,
  ): Promise<void> {
    const { adapter, server } = this;
    let session: SocketSession;
    this.#opening++;
    try {
      // What is on its way to the program from a connection that is to be replaced has its turn first.
      await null;
      const takeOver = (pid: string): void => this.#takeOver(pid);
      const opened = openSession(adapter, auth, client, server.runtime, takeOver);
      session = opened instanceof Promise ? await opened : opened;
    } finally {
      this.#opening--;
    }
    use(session);
  }

  #judge(socket: AnySocket): void {
    const client: AnyClient = socket.client;
    if (client.conn.readyState !== 'open') {
      socket.abandon();
      return;
    }
    client.joins(socket);
    if (socket.pid !== undefined) this.#byPid.set(socket.pid, socket);
    const skipsMiddlewares = socket.recovered && this.server._opts.connectionStateRecovery?.skipMiddlewares;
    runMiddlewares(skipsMiddlewares ? [] : this._fns, socket, (error) => {
      // Never in the midst of what a middleware, or the connection, is doing.
      process.nextTick(this.#settle, socket, error);
    });
  }

  readonly #giveUp = (client: AnyClient, socket: AnySocket | null): void => {
    if (socket !== null && !socket.isJoining) return;
    client.connectFailed(this.name);
    if (socket !== null) socket.abandon();
    else this.#tellWhenEmpty();
  };

  readonly #settle = (socket: AnySocket, error: ExtendedError | null): void => {
    const client: AnyClient = socket.client;
    if (!socket.isJoining) return;
    if (client.conn.readyState !== 'open') {
      socket.abandon();
      return;
    }
    if (error !== null) {
      this.#turnAway(socket, error);
      return;
    }
    if (socket.isIncomplete) {
      // Its client comes again, and is told so.
      client.supersede();
      return;
    }
    this.#joining--;
    this.sockets.set(socket.id, socket);
    client.letIn(socket);
    socket._onconnect();
    // What it missed, or a listener for joined rooms, may have ended its connection.
    if (!socket.connected || client.conn.readyState !== 'open') return;
    this.emitReserved('connect', socket);
    this.emitReserved('connection', socket);
  };

  #turnAway(socket: AnySocket, { message, data }: ExtendedError): void {
    const client: AnyClient = socket.client;
    client.connectEnded(this.name);
    try {
      socket._error(client.conn.protocol === 3 ? data || message : { message, data });
    } catch (error) {
      // The data cannot be written.
      throwLater(error);
      client.connectFailed(this.name);
    }
    socket._cleanup();
  }

  /** Ends the connection that a session has, as nobody noticed its loss: there is one owner at any time. */
  #takeOver(pid: string): void {
    this.#byPid.get(pid)?.client.supersede();
  }

  #broadcast(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return new BroadcastOperator(this.adapter);
  }
}

function createAdapter(maker: AdapterConstructor, nsp: Namespace): Adapter {
  // A class, or a function as in `createAdapter()` of upstream's packages, which may be an arrow.
  const isConstructible = (maker as { prototype?: object }).prototype !== undefined;
  if (isConstructible) return new (maker as typeof Adapter)(nsp);
  return (maker as (nsp: Namespace) => Adapter)(nsp);
}

function ignore(): void {}

import type { IncomingMessage } from 'node:http';
import type { Socket as Conn } from '@hawser/engine';
import type { Adapter, BroadcastFlags, Room, SocketId } from './adapter/index.ts';
import { BroadcastOperator } from './broadcast-operator.ts';
import { CatchAllEmitter } from './catch-all-emitter.ts';
import type { Client } from './client.ts';
import { isSecure, type KnownRequest } from './handshake.ts';
import type { Namespace } from './namespace.ts';
import type { RecoveryRefusal } from './recovery/index.ts';
import type { SocketSession } from './socket-session.ts';
import type { Handshake, SocketReservedEventsMap } from './socket-types.ts';
import type { Anything, DecorateAcknowledgementsWithMultipleResponses, EventsMap } from './typed-events.ts';

/**
 * Who a client is in a namespace: its id, what is known of it, and the rooms that it is in.
 */
export abstract class NamespaceMember<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> extends CatchAllEmitter<ListenEvents, EmitEvents, SocketReservedEventsMap> {
  readonly nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents>;
  readonly client: Client<ListenEvents, EmitEvents, ServerSideEvents>;
  readonly id: SocketId;
  /** The session outlived a lost connection: rooms and data are there, and what was missed has been sent. */
  readonly recovered: boolean;
  /** @internal */
  protected state: 'joining' | 'open' | 'gone' = 'joining';
  /** @internal */
  protected readonly session: SocketSession | null;
  #data: SocketData | undefined;
  #auth: Record<string, Anything>;
  readonly #issued = Date.now();
  // What a handshake is made of. Programs let the request itself go to save memory.
  readonly #headers: Handshake['headers'];
  readonly #url: string;
  readonly #query: Handshake['query'];
  readonly #isSecure: boolean;
  #handshake: Handshake | null = null;
  /** @internal How the next event is sent. */
  protected flags: BroadcastFlags | null = null;

  /** @internal Made by the namespace. */
  constructor(
    nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents>,
    client: Client<ListenEvents, EmitEvents, ServerSideEvents>,
    auth: Record<string, unknown>,
    session: SocketSession | null = null,
  ) {
    super();
    this.nsp = nsp;
    this.client = client;
    this.#auth = auth;
    this.session = session;
    const request = client.request as KnownRequest;
    this.#headers = request?.headers ?? {};
    this.#url = request?.url ?? '';
    this.#query = request?._query ?? {};
    this.#isSecure = isSecure(request);
    const { runtime } = nsp.server;
    const resumed = session?.resumed ?? null;
    this.recovered = resumed !== null;
    if (resumed !== null) {
      this.id = resumed.sid;
      this.#data = resumed.data;
    } else if (client.conn.protocol === 3) {
      // A client of version 3 takes the id of its connection for its own.
      this.id = nsp.name === '/' ? client.id : `${nsp.name}#${client.id}`;
    } else {
      this.id = runtime.ids.next();
    }
  }

  /** Whether it is connected: packets are exchanged. */
  get connected(): boolean {
    return this.state === 'open';
  }

  get disconnected(): boolean {
    return this.state !== 'open';
  }

  /** @internal Its namespace has not judged it yet. */
  get isJoining(): boolean {
    return this.state === 'joining';
  }

  /** What the program keeps with the socket; other servers see it through `fetchSockets`. */
  get data(): SocketData {
    return (this.#data ??= {} as SocketData);
  }

  set data(data: SocketData) {
    this.#data = data;
  }

  /** What was known of the client when it connected. */
  get handshake(): Handshake {
    return (this.#handshake ??= this.#describeHandshake());
  }

  set handshake(handshake: Handshake) {
    this.#handshake = handshake;
  }

  /** The first request of the connection. */
  get request(): IncomingMessage {
    return this.client.request;
  }

  /** The connection below. */
  get conn(): Conn {
    return this.client.conn;
  }

  /** The rooms that it is in, its own included, whose name is its id. */
  get rooms(): Set<Room> {
    return this.adapter.socketRooms(this.id) ?? new Set();
  }

  /** @internal */
  get adapter(): Adapter {
    return this.nsp.adapter;
  }

  /** @internal The server. */
  get server(): Namespace<ListenEvents, EmitEvents, ServerSideEvents>['server'] {
    return this.nsp.server;
  }

  /** Why the session that the client wanted to go on with could not; `undefined` where it wanted none, or could. */
  get recoveryRefusal(): RecoveryRefusal | undefined {
    return this.session?.refusal;
  }

  /** @internal What names the session, to its client alone. */
  get pid(): string | undefined {
    return this.session?.pid;
  }

  /** @internal */
  get countsEvents(): boolean {
    return this.session?.countsEvents ?? false;
  }

  /** @internal Some of what it missed is gone by now. */
  get isIncomplete(): boolean {
    return this.session?.isWhole === false;
  }

  /** Joins one or more rooms; with an adapter that asks others, returns a promise for when that is done. */
  join(rooms: Room | Room[]): Promise<void> | void {
    // Who is gone would stay in the room for ever.
    if (this.state === 'gone') return;
    return this.adapter.addAll(this.id, new Set(Array.isArray(rooms) ? rooms : [rooms]));
  }

  /** Leaves one or more rooms; with an adapter that asks others, returns a promise for when that is done. */
  leave(rooms: Room | Room[]): Promise<void> | void {
    if (!Array.isArray(rooms)) return this.adapter.del(this.id, rooms);
    // One by one, as adapters of others may know no more than that.
    const pending = rooms.map((room) => this.adapter.del(this.id, room)).filter((done) => done !== undefined);
    if (pending.length > 0) return Promise.all(pending).then(() => {});
  }

  /** Leaves all rooms, its own included. */
  leaveAll(): void {
    this.adapter.delAll(this.id);
  }

  /** Returns what emits to a room, or several, but not to this socket. */
  to(
    room: Room | Room[],
  ): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.#broadcastToOthers().to(room);
  }

  /** As {@link to}. */
  in(
    room: Room | Room[],
  ): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.#broadcastToOthers().in(room);
  }

  /** Returns what emits to all but a room, or several, and this socket. */
  except(
    room: Room | Room[],
  ): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.#broadcastToOthers().except(room);
  }

  /** What emits to all but this socket. */
  get broadcast(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.#broadcastToOthers();
  }

  /** What emits to all but this socket, on this server alone. */
  get local(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.#broadcastToOthers().local;
  }

  /** Lets the next event be dropped, where the connection has something else to send. */
  get volatile(): this {
    this.setFlags({ volatile: true });
    return this;
  }

  /** Sets whether the next event may be compressed. */
  compress(compress: boolean): this {
    this.setFlags({ compress });
    return this;
  }

  /** @internal */
  protected setFlags(flags: BroadcastFlags): void {
    this.flags = { ...this.flags, ...flags };
  }

  /** Most are never looked at. */
  #describeHandshake(): Handshake {
    return {
      headers: this.#headers,
      time: String(new Date(this.#issued)),
      address: this.conn.remoteAddress,
      xdomain: Boolean(this.#headers.origin),
      secure: this.#isSecure,
      issued: this.#issued,
      url: this.#url,
      query: this.#query,
      auth: this.#auth,
    };
  }

  #broadcastToOthers(): BroadcastOperator<
    DecorateAcknowledgementsWithMultipleResponses<EmitEvents>,
    SocketData
  > {
    const flags = { ...this.flags };
    this.flags = null;
    return new BroadcastOperator(this.adapter, new Set(), new Set([this.id]), flags);
  }
}

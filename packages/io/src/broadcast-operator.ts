import { PacketType } from '@hawser/protocol/socketio';
import { type AckCallback, tellingOfAll, WHEN_ENDED } from './adapter/contract.ts';
import type { Adapter, BroadcastFlags, BroadcastOptions, Room, SocketId } from './adapter/index.ts';
import type { AnyNamespace } from './aliases.ts';
import { BroadcastAck, type BroadcastAckCallback } from './broadcast-ack.ts';
import { MAX_TIMEOUT_MS } from './deadlines.ts';
import { RemoteSocket, type SocketDetails } from './remote-socket.ts';
import { refuseReserved } from './socket-types.ts';
import type {
  AllButLast,
  DecorateAcknowledgements,
  EventNames,
  EventNamesWithError,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
  TypedEventBroadcaster,
} from './typed-events.ts';

type Flags = BroadcastFlags & { expectSingleResponse?: boolean };

/** The adapter of many namespaces, which come and go. */
export interface AdapterOfMany {
  /** Returns one of those that there are now: whom an event was for does not change while it waits for answers. */
  ofThoseNow(): Adapter & { readonly adapters: readonly Adapter[] };
}

/** How long answers may take that have no limit, where nobody tells of clients that are gone. */
const UNTOLD_MS = 60_000;

/** Emits to many sockets of a namespace. Each method returns a new one; none changes. */
export class BroadcastOperator<EmitEvents extends EventsMap, SocketData>
  implements TypedEventBroadcaster<EmitEvents>
{
  /** @internal As upstream, where tracers look for it. */
  readonly adapter: Adapter;
  /** @internal */
  readonly rooms: ReadonlySet<Room>;
  /** @internal */
  readonly exceptRooms: ReadonlySet<Room>;
  /** @internal */
  readonly flags: Flags;

  constructor(
    adapter: Adapter,
    rooms: ReadonlySet<Room> = new Set<Room>(),
    exceptRooms: ReadonlySet<Room> = new Set<Room>(),
    flags: Flags = {},
  ) {
    this.adapter = adapter;
    this.rooms = rooms;
    this.exceptRooms = exceptRooms;
    this.flags = flags;
  }

  /** Adds a room, or several; a socket in more than one gets the event once. */
  to(room: Room | Room[]): BroadcastOperator<EmitEvents, SocketData> {
    const rooms = union(this.rooms, room);
    return new BroadcastOperator(this.adapter, rooms, this.exceptRooms, this.flags);
  }

  /** As {@link to}. */
  in(room: Room | Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.to(room);
  }

  /** Leaves out who is in a room, or in one of several. */
  except(room: Room | Room[]): BroadcastOperator<EmitEvents, SocketData> {
    const exceptRooms = union(this.exceptRooms, room);
    return new BroadcastOperator(this.adapter, this.rooms, exceptRooms, this.flags);
  }

  /** Sets whether the event may be compressed. */
  compress(compress: boolean): BroadcastOperator<EmitEvents, SocketData> {
    return this.#with({ compress });
  }

  /** Lets the event be dropped for those whose connection has something else to send. */
  get volatile(): BroadcastOperator<EmitEvents, SocketData> {
    return this.#with({ volatile: true });
  }

  /** Keeps the event on this server. */
  get local(): BroadcastOperator<EmitEvents, SocketData> {
    return this.#with({ local: true });
  }

  /** Bounds the time for the answers, in milliseconds. */
  timeout(timeout: number): BroadcastOperator<DecorateAcknowledgements<EmitEvents>, SocketData> {
    return this.#with({ timeout }) as unknown as BroadcastOperator<
      DecorateAcknowledgements<EmitEvents>,
      SocketData
    >;
  }

  /**
   * Emits an event.
   *
   * @param args - a function at the end is called once with an error, if not all have answered, and the answers:
   * when all have, when those that have not are gone, or when the time is over
   * @throws Error when the name is reserved
   */
  emit<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean {
    refuseReserved(ev);
    const data: unknown[] = [ev, ...args];
    const ack = typeof data.at(-1) === 'function' ? (data.pop() as BroadcastAckCallback) : null;
    const packet = { type: PacketType.EVENT, data };
    if (ack === null) this.adapter.broadcast(packet, this.#options());
    else this.#broadcastWithAck(packet, ack);
    return true;
  }

  /**
   * Emits an event and returns a promise for the answers.
   * @returns a promise that is rejected where not all have answered; `error.responses` has those that came
   */
  emitWithAck<Ev extends EventNamesWithError<EmitEvents>>(
    ev: Ev,
    ...args: AllButLast<EventParams<EmitEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Ev>>>> {
    return new Promise((resolve, reject) => {
      const settle: BroadcastAckCallback = (error, responses) => {
        if (error === null) resolve(responses as never);
        else reject(Object.assign(error, { responses }));
      };
      this.emit(ev, ...([...args, settle] as unknown as EventParams<EmitEvents, Ev>));
    });
  }

  /**
   * Returns the ids of the sockets, on all servers.
   * @deprecated as upstream: `fetchSockets` and `serverSideEmit` serve the purpose
   */
  allSockets(): Promise<Set<SocketId>> {
    return this.adapter.sockets(new Set(this.rooms));
  }

  /** Returns the sockets, on all servers: this one's as they are, and what is known of the others'. */
  async fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]> {
    const sockets = (await this.adapter.fetchSockets(this.#options())) as SocketDetails<SocketData>[];
    return sockets.map((socket) =>
      // One of this server's has all that a remote one has.
      'client' in socket
        ? (socket as unknown as RemoteSocket<EmitEvents, SocketData>)
        : new RemoteSocket<EmitEvents, SocketData>(this.adapter, socket),
    );
  }

  /** Has the sockets join a room, or several. */
  socketsJoin(room: Room | Room[]): void {
    this.adapter.addSockets(this.#options(), toArray(room));
  }

  /** Has the sockets leave a room, or several. */
  socketsLeave(room: Room | Room[]): void {
    this.adapter.delSockets(this.#options(), toArray(room));
  }

  /**
   * Disconnects the sockets.
   * @param close - ends their connections
   */
  disconnectSockets(close = false): void {
    this.adapter.disconnectSockets(this.#options(), close);
  }

  #with(flags: Flags): BroadcastOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.adapter, this.rooms, this.exceptRooms, { ...this.flags, ...flags });
  }

  #options(): BroadcastOptions {
    return { rooms: this.rooms as Set<Room>, except: this.exceptRooms as Set<Room>, flags: this.flags };
  }

  #broadcastWithAck(
    packet: { type: number; data: unknown[]; id?: number },
    done: BroadcastAckCallback,
  ): void {
    const many = 'ofThoseNow' in this.adapter ? (this.adapter as AdapterOfMany).ofThoseNow() : null;
    const adapter = many ?? this.adapter;
    const nsp = adapter.nsp as AnyNamespace;
    const { expectSingleResponse } = this.flags;
    const timeout = limitOf(many?.adapters ?? [adapter], this.flags.timeout);
    const ack = new BroadcastAck(nsp.server.runtime.deadlines, timeout, (error, responses) => {
      done(error, (expectSingleResponse ? (responses[0] ?? null) : responses) as unknown[]);
    });
    forgetUnanswered(nsp, packet, ack.onResponse);
    adapter.broadcastWithAck(
      packet,
      { ...this.#options(), flags: { ...this.flags, timeout } },
      (clientCount) => ack.awaitClients(clientCount),
      ack.onResponse,
    );
    const countServers = (): Promise<number> => adapter.serverCount();
    countServers().then(
      (count) => ack.awaitServers(count, countServers),
      (error) => ack.fail(error),
    );
  }
}

/** Sees to it that sockets of `nsp` that have not answered do not keep the callback when nobody waits any more. */
export function forgetUnanswered(
  nsp: AnyNamespace,
  packet: { readonly id?: number | undefined },
  ack: AckCallback,
): void {
  ack[WHEN_ENDED]?.((error) => {
    // Adapters set the id.
    if (error !== null) for (const socket of nsp.sockets.values()) socket.forgetAck(packet.id!);
  });
}

/** Returns the time that clients have to answer, in milliseconds. */
function limitOf(adapters: readonly Adapter[], timeoutMs: number | undefined): number | undefined {
  if (adapters.every((adapter) => tellingOfAll.has(adapter.broadcastWithAck))) return timeoutMs;
  return Math.min(timeoutMs ?? UNTOLD_MS, MAX_TIMEOUT_MS);
}

function union(rooms: ReadonlySet<Room>, added: Room | Room[]): Set<Room> {
  const all = new Set(rooms);
  for (const room of toArray(added)) all.add(room);
  return all;
}

function toArray(rooms: Room | Room[]): Room[] {
  return Array.isArray(rooms) ? rooms : [rooms];
}

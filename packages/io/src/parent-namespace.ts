import { attempt } from '@hawser/engine/internal';
import { Adapter } from './adapter/adapter.ts';
import type {
  AckCallback,
  AdapterNamespace,
  AdapterPacket,
  BroadcastOptions,
  Room,
} from './adapter/index.ts';
import type { AnyNamespace, AnyServer } from './aliases.ts';
import { type AdapterOfMany, BroadcastOperator, forgetUnanswered } from './broadcast-operator.ts';
import { IoError } from './errors.ts';
import { Namespace } from './namespace.ts';
import type { RemoteSocket } from './remote-socket.ts';
import type { Server } from './server.ts';
import type {
  Anything,
  DefaultEventsMap,
  EventNamesWithoutAck,
  EventParams,
  EventsMap,
} from './typed-events.ts';

/** A pattern of names: each name that a client asks for, and that fits, becomes a namespace of its own. */
export class ParentNamespace<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = Anything,
> extends Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  /** @internal Set by the constructor of the class above. */
  declare children: Set<Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>;

  /** @internal Made by `server.of`. */
  constructor(server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) {
    // No client can ask for it: a pattern is no name.
    super(server, `/_${(server as AnyServer).nextParentNumber()}`);
  }

  /** @internal What is sent to a pattern is sent to all that came of it. */
  override _initAdapter(): void {
    this.children ??= new Set();
    this.adapter = new ChildrenAdapter(this as never, this.children);
  }

  /** Emits an event to all sockets of all children. */
  override emit<Ev extends EventNamesWithoutAck<EmitEvents>>(
    ev: Ev,
    ...args: EventParams<EmitEvents, Ev>
  ): boolean {
    return new BroadcastOperator<EmitEvents, SocketData>(this.adapter).emit(ev, ...args);
  }

  /** Makes a namespace that has the middlewares and listeners of the pattern. */
  createChild(name: string): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const child = new Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>(this.server, name);
    child._fns = this._fns.slice();
    for (const event of ['connect', 'connection'] as const) {
      for (const listener of this.listeners(event)) child.on(event, listener);
    }
    this.children.add(child);
    if (this.server._opts.cleanupEmptyChildNamespaces) {
      child.onEmpty = () => {
        this.children.delete(child);
        this.server._nsps.delete(name);
        attempt(() => child.adapter.close());
      };
    }
    this.server.addNamespace(child);
    return child;
  }

  /** @throws IO_ERR_UNSUPPORTED as upstream: ask the children */
  override fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]> {
    throw new IoError('IO_ERR_UNSUPPORTED', 'fetchSockets() is not supported on parent namespaces');
  }
}

/** Passes on to the adapters of all children. */
class ChildrenAdapter extends Adapter implements AdapterOfMany {
  readonly #children: ReadonlySet<AnyNamespace>;

  constructor(nsp: AdapterNamespace, children: ReadonlySet<AnyNamespace>) {
    super(nsp);
    this.#children = children;
  }

  get adapters(): readonly Adapter[] {
    return Array.from(this.#children, ({ adapter }) => adapter);
  }

  ofThoseNow(): ChildrenAdapter {
    return new ChildrenAdapter(this.nsp, new Set(this.#children));
  }

  override broadcast(packet: AdapterPacket, options: BroadcastOptions): void {
    for (const { adapter } of this.#children) adapter.broadcast(copyOf(packet), options);
  }

  override broadcastWithAck(
    packet: AdapterPacket,
    options: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: AckCallback,
  ): void {
    for (const child of this.#children) {
      const copy = copyOf(packet);
      child.adapter.broadcastWithAck(copy, options, clientCountCallback, ack);
      forgetUnanswered(child, copy, ack);
    }
  }

  /** How many have to tell how many sockets they asked: each server once for each child. */
  override async serverCount(): Promise<number> {
    const counts = await Promise.all(this.adapters.map((adapter) => adapter.serverCount()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  override addSockets(options: BroadcastOptions, rooms: Room[]): void {
    for (const { adapter } of this.#children) adapter.addSockets(options, rooms);
  }

  override delSockets(options: BroadcastOptions, rooms: Room[]): void {
    for (const { adapter } of this.#children) adapter.delSockets(options, rooms);
  }

  override disconnectSockets(options: BroadcastOptions, close: boolean): void {
    for (const { adapter } of this.#children) adapter.disconnectSockets(options, close);
  }
}

/** Returns a packet for one adapter, which writes its name into it, and may add to the arguments. */
function copyOf(packet: AdapterPacket): AdapterPacket {
  return { ...packet, data: Array.isArray(packet.data) ? [...packet.data] : packet.data };
}

import type { Adapter, Room, SocketId } from './adapter/index.ts';
import { BroadcastOperator } from './broadcast-operator.ts';
import type { Handshake } from './socket-types.ts';
import type {
  DecorateAcknowledgements,
  EventNames,
  EventParams,
  EventsMap,
  TypedEventBroadcaster,
} from './typed-events.ts';

/** What another server tells of a socket. */
export interface SocketDetails<SocketData> {
  readonly id: SocketId;
  readonly handshake: Handshake;
  readonly rooms: Iterable<Room>;
  readonly data: SocketData;
}

/** A socket on another server. */
export class RemoteSocket<EmitEvents extends EventsMap, SocketData>
  implements TypedEventBroadcaster<EmitEvents>
{
  readonly id: SocketId;
  readonly handshake: Handshake;
  readonly rooms: Set<Room>;
  readonly data: SocketData;
  readonly #operator: BroadcastOperator<EmitEvents, SocketData>;

  constructor(adapter: Adapter, { id, handshake, rooms, data }: SocketDetails<SocketData>) {
    this.id = id;
    this.handshake = handshake;
    this.rooms = new Set(rooms);
    this.data = data;
    this.#operator = new BroadcastOperator(adapter, new Set([id]), new Set(), { expectSingleResponse: true });
  }

  /** Bounds the time for the answer to an event, in milliseconds. */
  timeout(timeout: number): BroadcastOperator<DecorateAcknowledgements<EmitEvents>, SocketData> {
    return this.#operator.timeout(timeout);
  }

  emit<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean {
    return this.#operator.emit(ev, ...args);
  }

  join(room: Room | Room[]): void {
    this.#operator.socketsJoin(room);
  }

  leave(room: Room): void {
    this.#operator.socketsLeave(room);
  }

  /** @param close - ends its connection */
  disconnect(close = false): this {
    this.#operator.disconnectSockets(close);
    return this;
  }
}

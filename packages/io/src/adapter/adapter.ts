import { EventEmitter } from 'node:events';
import { attempt } from '@hawser/engine/internal';
import { MAX_TIMEOUT_MS } from '../deadlines.ts';
import { toMessages } from '../outgoing.ts';
import {
  type AckCallback,
  type AdapterNamespace,
  type AdapterPacket,
  type AdapterSocket,
  type BroadcastFlags,
  type BroadcastOptions,
  type Encoded,
  type PrivateSessionId,
  type Room,
  type Session,
  type SessionToPersist,
  type SocketId,
  tellingOfAll,
  type WriteOptions,
} from './contract.ts';
import { actOnEachSocket, forEachSocket } from './recipients.ts';

/** What is done when it returns, or when the promise is fulfilled. */
export type Eventually = Promise<void> | void;

/**
 * Knows which socket is in which room, and brings packets to the sockets of one server: what a namespace uses unless
 * it is given another, and what others extend.
 *
 * It has no private members, so that adapters which extend that of `socket.io-adapter` are of its type too.
 *
 * Events: `create-room` (room), `delete-room` (room), `join-room` (room, id), `leave-room` (room, id).
 * @see https://socket.io/docs/v4/adapter/
 */
export class Adapter extends EventEmitter {
  readonly nsp: AdapterNamespace;
  /** Who is in a room. */
  rooms = new Map<Room, Set<SocketId>>();
  /** Which rooms a socket is in. */
  sids = new Map<SocketId, Set<Room>>();

  constructor(nsp: AdapterNamespace) {
    super();
    this.nsp = nsp;
  }

  /** To be overridden: called when the namespace is made. */
  init(): Eventually {}

  /** To be overridden: called when the server closes. */
  close(): Eventually {}

  /** Returns how many servers there are, this one included. */
  serverCount(): Promise<number> {
    return Promise.resolve(1);
  }

  /** Lets a socket join rooms. */
  addAll(id: SocketId, rooms: Set<Room>): Eventually {
    let joined = this.sids.get(id);
    if (joined === undefined) this.sids.set(id, (joined = new Set()));
    for (const room of rooms) {
      joined.add(room);
      let members = this.rooms.get(room);
      if (members === undefined) {
        this.rooms.set(room, (members = new Set()));
        this.emit('create-room', room);
      }
      if (members.has(id)) continue;
      members.add(id);
      this.emit('join-room', room, id);
    }
  }

  /** Lets a socket leave a room, or several. */
  del(id: SocketId, rooms: Room | Set<Room>): Eventually {
    const joined = this.sids.get(id);
    for (const room of rooms instanceof Set ? rooms : [rooms]) {
      joined?.delete(room);
      leave(this, id, room);
    }
  }

  /** Lets a socket leave all its rooms, and forgets it. */
  delAll(id: SocketId): void {
    const joined = this.sids.get(id);
    if (joined === undefined) return;
    // Whatever listeners throw, who is gone is in no room.
    for (const room of joined) attempt(() => leave(this, id, room));
    this.sids.delete(id);
  }

  /**
   * Sends a packet. It is encoded once, and each socket's client is given the same array.
   *
   * @param packet - its `nsp` is set
   */
  broadcast(packet: AdapterPacket, opts: BroadcastOptions): Eventually {
    const encoded = encode(this.nsp, packet);
    const options = toWriteOptions(opts.flags);
    forEachSocket(this, opts, (socket) => deliver(socket, packet, encoded, options));
  }

  /**
   * Sends a packet that each client is to answer. Who has not answered when `flags.timeout` is over is not waited
   * for any longer: nothing is kept for it.
   *
   * @param packet - its `nsp` and its `id` are set
   * @param clientCountCallback - called with how many sockets it was sent to
   * @param ack - called with each answer
   */
  broadcastWithAck(
    packet: AdapterPacket,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: AckCallback,
  ): void {
    const id = takeAckId(this.nsp, packet);
    const encoded = encode(this.nsp, packet);
    const options = toWriteOptions(opts.flags);
    const send = (socket: AdapterSocket): void => deliver(socket, packet, encoded, options);
    clientCountCallback(askEachSocket(this, opts, id, ack, send));
  }

  /** Returns the ids of the sockets in any of `rooms`, or of all. */
  sockets(rooms: Set<Room>): Promise<Set<SocketId>> {
    const ids = new Set<SocketId>();
    forEachSocket(this, { rooms }, (socket) => ids.add(socket.id));
    return Promise.resolve(ids);
  }

  /** Returns the rooms of a socket; the set is the adapter's own. */
  socketRooms(id: SocketId): Set<Room> | undefined {
    return this.sids.get(id);
  }

  /** Returns the sockets: of other servers, what can be known of them. */
  fetchSockets(opts: BroadcastOptions): Promise<unknown[]> {
    const sockets: unknown[] = [];
    forEachSocket(this, opts, (socket) => sockets.push(socket));
    return Promise.resolve(sockets);
  }

  /** Lets the sockets join rooms. */
  addSockets(opts: BroadcastOptions, rooms: Room[]): Eventually {
    actOnEachSocket(this, opts, (socket) => {
      socket.join(rooms);
    });
  }

  /** Lets the sockets leave rooms. */
  delSockets(opts: BroadcastOptions, rooms: Room[]): Eventually {
    actOnEachSocket(this, opts, (socket) => {
      for (const room of rooms) socket.leave(room);
    });
  }

  /** Disconnects the sockets; with `close`, their connections are closed too. */
  disconnectSockets(opts: BroadcastOptions, close: boolean): Eventually {
    actOnEachSocket(this, opts, (socket) => {
      socket.disconnect(close);
    });
  }

  /**
   * Sends an event to the other servers, of which there are none here.
   * @param packet - the event's name and arguments, and a function at the end that is given the answers
   */
  serverSideEmit(_packet: unknown[]): Eventually {
    process.emitWarning('this adapter does not support the serverSideEmit() functionality');
  }

  /** To be overridden: keeps a session whose connection is lost. */
  persistSession(_session: SessionToPersist): void {}

  /** To be overridden: returns a session that was kept, or `null`. */
  restoreSession(_pid: PrivateSessionId, _offset: string): Promise<Session | null> {
    return Promise.resolve(null);
  }
}

tellingOfAll.add(Adapter.prototype.broadcastWithAck);

/** Makes messages of a packet of the namespace. */
export function encode(nsp: AdapterNamespace, packet: AdapterPacket): Encoded {
  packet.nsp = nsp.name;
  return toMessages(nsp.server.encoder.encode(packet as never));
}

/** Takes the next id from the namespace: one for all recipients, as all of its ids come from there. */
export function takeAckId(nsp: AdapterNamespace, packet: AdapterPacket): number {
  const id = nsp._ids++;
  packet.id = id;
  return id;
}

/** Returns what goes along with a packet that is sent with these flags. */
export function toWriteOptions(flags: BroadcastFlags | undefined): WriteOptions {
  return { preEncoded: true, volatile: flags?.volatile, compress: flags?.compress };
}

/** Brings an encoded packet to a socket. */
export function deliver(
  socket: AdapterSocket,
  packet: AdapterPacket,
  encoded: Encoded,
  options: WriteOptions,
): void {
  socket.notifyOutgoingListeners?.(packet);
  socket.client.writeToEngine(encoded, options);
}

/**
 * Has each socket that the options mean sent what it is to answer.
 * @returns how many there are
 */
export function askEachSocket<S extends AdapterSocket>(
  adapter: Adapter,
  opts: BroadcastOptions,
  ackId: number,
  ack: AckCallback,
  send: (socket: S) => void,
): number {
  const asked: S[] = [];
  forEachSocket<S>(adapter, opts, (socket) => {
    socket.acks.set(ackId, ack);
    asked.push(socket);
    send(socket);
  });
  forgetAcksLater(adapter.nsp, asked, ackId, opts.flags?.timeout);
  return asked.length;
}

/** Sees to it that sockets which never answer do not keep what waits for their answers. */
function forgetAcksLater(
  nsp: AdapterNamespace,
  asked: readonly AdapterSocket[],
  ackId: number,
  timeoutMs: number | undefined,
): void {
  if (timeoutMs === undefined || asked.length === 0) return;
  // Who leaves before is not kept for it.
  const ids = asked.map(({ id }) => id);
  const forget = (): void => {
    for (const id of ids) (nsp.sockets.get(id) as AdapterSocket | undefined)?.acks.delete(ackId);
  };
  setTimeout(forget, Math.min(timeoutMs, MAX_TIMEOUT_MS)).unref();
}

function leave(adapter: Adapter, id: SocketId, room: Room): void {
  const members = adapter.rooms.get(room);
  if (members === undefined) return;
  try {
    if (members.delete(id)) adapter.emit('leave-room', room, id);
  } finally {
    if (members.size === 0 && adapter.rooms.delete(room)) adapter.emit('delete-room', room);
  }
}

import { attempt } from '@hawser/engine/internal';
import { type Packet, PacketType } from '@hawser/protocol/socketio';
import { PendingAcks, refuseAck, settleAck } from './acks.ts';
import type { AckCallback } from './adapter/contract.ts';
import type { AdapterPacket, BroadcastFlags, Encoded, WriteOptions } from './adapter/index.ts';
import { type Counted, type OutgoingEvent, UNKEPT } from './adapter/recovery-adapter.ts';
import type { AnyClient } from './aliases.ts';
import { createAnswer } from './answer-memory.ts';
import type { Backpressure, BackpressureOptions, Follower } from './backpressure.ts';
import type { Client } from './client.ts';
import { DrainDebt } from './drain-debt.ts';
import { disconnectedError } from './errors.ts';
import type { Addressee } from './inbox.ts';
import { type Middleware, runMiddlewares } from './middleware.ts';
import type { Namespace } from './namespace.ts';
import { NamespaceMember } from './namespace-member.ts';
import type { Fate } from './outgoing.ts';
import type { SessionSocket, SocketSession } from './socket-session.ts';
import { type DisconnectReason, isRecoverable, refuseReserved } from './socket-types.ts';
import type {
  AllButLast,
  Anything,
  DecorateAcknowledgements,
  DefaultEventsMap,
  EventNames,
  EventNamesWithAck,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
} from './typed-events.ts';

/** An event as a middleware of a socket has it: the name, and the arguments. */
export type Event = [string, ...Anything[]];

const NO_FLAGS: BroadcastFlags = Object.freeze({});

/**
 * One client in one namespace.
 *
 * | state   | event                                        | next    |
 * | ------- | -------------------------------------------- | ------- |
 * | joining | the middlewares let it in                    | open    |
 * | joining | a middleware has an error, the client leaves | gone    |
 * | open    | either end disconnects, the connection ends  | gone    |
 *
 * @example
 * ```ts
 * import { Server } from '@hawser/io';
 *
 * const io = new Server(3000);
 * io.on('connection', (socket) => {
 *   socket.join('news');
 *   socket.on('say', (text: string, answer: unknown) => {
 *     socket.to('news').emit('said', text);
 *     if (typeof answer === 'function') answer(socket.rooms.size);
 *   });
 * });
 * ```
 */
export class Socket<
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    ServerSideEvents extends EventsMap = DefaultEventsMap,
    SocketData = Anything,
  >
  extends NamespaceMember<ListenEvents, EmitEvents, ServerSideEvents, SocketData>
  implements Addressee, SessionSocket
{
  #acks: PendingAcks | null = null;
  #middlewares: Middleware<Event>[] | null = null;
  #backpressure: Backpressure | null = null;
  /** Once there was one: most sockets never have it. */
  #drainDebt: DrainDebt | null = null;
  /** @internal The client has said that it leaves: what it sent in the same turn is too late, as upstream has it. */
  isLeaving = false;
  #isClosing = false;

  /** @internal Made by the namespace. */
  constructor(
    nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents>,
    client: Client<ListenEvents, EmitEvents, ServerSideEvents>,
    auth: Record<string, unknown>,
    session: SocketSession | null = null,
  ) {
    super(nsp, client, auth, session);
    const { runtime } = nsp.server;
    if (runtime.limitsSockets) this.#backpressure = runtime.createBackpressure();
    // Middlewares look at them. Until it is let in, nothing that is sent to them is sent to it.
    for (const room of session?.resumed?.rooms ?? []) attempt(() => this.join(room));
  }

  /** @internal What waits for an answer; adapters add to it. */
  get acks(): PendingAcks {
    return (this.#acks ??= new PendingAcks());
  }

  /**
   * Bytes that wait in memory, of this socket and in the connection: because the client does not keep up, or because
   * this turn of the event loop has not been written yet.
   */
  get bufferedBytes(): number {
    return this.client.bufferedBytes + (this.#backpressure?.waitingBytes ?? 0);
  }

  /**
   * Emits an event to the client.
   *
   * @param ev - not one of the reserved names
   * @param args - whatever JSON has, and bytes anywhere in it; a function at the end is called with the answer. After
   * {@link timeout} it gets an error first, which says that none came in time, or that the client is gone; without,
   * it is not called then.
   * @returns whether the event is on its way. `false` where it was dropped, because it is volatile or the client is
   * gone or slow, or waits in memory: for room, which `drain` will tell of, or for the client to come back, where its
   * session can be recovered
   * @throws Error when the name is reserved
   */
  override emit<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean {
    refuseReserved(ev);
    const flags = this.flags ?? NO_FLAGS;
    this.flags = null;
    const data: unknown[] = [ev, ...args];
    const ack = typeof data.at(-1) === 'function' ? (data.pop() as AckCallback) : null;
    if (this.state === 'gone') {
      if (this.session === null) this.anyOutgoingListeners?.call(this, data);
      if (ack !== null) refuseAck(this, ack, flags.timeout);
      else this.session?.emitToNext(this, { type: PacketType.EVENT, nsp: this.nsp.name, data }, flags);
      return false;
    }
    const id = ack === null ? undefined : this.nsp._ids++;
    const packet: Packet = { type: PacketType.EVENT, nsp: this.nsp.name, data, id };
    if (ack !== null) this.acks.await(id!, this, ack, flags.timeout, this.nsp.server.runtime.deadlines);
    const isOnItsWay = this.#sendEvent(packet, flags);
    if (!isOnItsWay) this.#oweDrain();
    return isOnItsWay;
  }

  /**
   * Emits an event and returns a promise for the answer.
   * @returns a promise that is rejected when the client is gone before it answered, or, after {@link timeout}, when
   * it has not answered in time
   */
  emitWithAck<Ev extends EventNamesWithAck<EmitEvents>>(
    ev: Ev,
    ...args: AllButLast<EventParams<EmitEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Ev>>>> {
    const expectsError = this.flags?.timeout !== undefined;
    return new Promise((resolve, reject) => {
      const settle = settleAck(resolve, reject, expectsError);
      this.emit(ev, ...([...args, settle] as unknown as EventParams<EmitEvents, Ev>));
    });
  }

  /** Emits the event `message`. */
  send(...args: EventParams<EmitEvents, 'message'>): this {
    this.emit('message', ...args);
    return this;
  }

  /** Emits the event `message`. */
  write(...args: EventParams<EmitEvents, 'message'>): this {
    return this.send(...args);
  }

  /** Bounds the time for the answer to the next event, in milliseconds. */
  timeout(
    timeout: number,
  ): Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>, ServerSideEvents, SocketData> {
    this.setFlags({ timeout });
    return this as Anything;
  }

  /** Sets how much may wait for this client when it reads too slowly, and what happens to more; what waits already counts. */
  backpressure(options: BackpressureOptions): this {
    const rule = this.nsp.server.runtime.createBackpressure(options);
    this.#backpressure?.goBy(rule);
    this.#backpressure ??= rule;
    return this;
  }

  /** Has a middleware judge each event that comes in; its error goes to `error`. */
  use(fn: (event: Event, next: (err?: Error) => void) => void): this {
    this.#middlewares = [...(this.#middlewares ?? []), fn];
    return this;
  }

  /**
   * Disconnects the client from the namespace.
   * @param close - ends the connection, and with it all namespaces
   */
  disconnect(close = false): this {
    if (this.state !== 'open') return this;
    if (close) {
      this.client._disconnect();
    } else if (!this.#isClosing) {
      this.packet({ type: PacketType.DISCONNECT, nsp: this.nsp.name });
      this._onclose('server namespace disconnect');
    }
    return this;
  }

  /** @internal Adapters call it before they write a packet to this client: so it tells the client whose that will be. */
  notifyOutgoingListeners(packet: AdapterPacket): void {
    this.#announce(packet, this.#followerOf(packet));
  }

  /** @internal The middlewares have let it in. */
  _onconnect(): void {
    this.state = 'open';
    const { name } = this.nsp;
    const { session } = this;
    if (session === null) attempt(() => this.join(this.id));
    else session.begin(this);
    const refused = session?.countsEvents ? session.refusal : undefined;
    const hawser = refused && { refused };
    const data = this.conn.protocol === 3 ? undefined : { sid: this.id, pid: session?.pid, hawser };
    // Clients that wait for it and for the first event with one listener each would miss the second of two at once.
    this.client.writeAtOnce(() => this.packet({ type: PacketType.CONNECT, nsp: name, data }));
    this.#drainDebt?.watch();
  }

  /** @internal */
  deliver(packet: Packet): void {
    this._onpacket(packet);
  }

  /** @internal A packet of the client has its turn. */
  _onpacket(packet: Packet): void {
    if (this.state !== 'open') return;
    const { type, id, data } = packet;
    if (type === PacketType.EVENT) {
      if (this.isLeaving) return;
      if (id === undefined || this.session?.answers?.admit(id) !== false) this.onevent(packet);
    } else if (type === PacketType.ACK) this.#acks?.take(id!)?.apply(this, data as unknown[]);
    else if (type === PacketType.DISCONNECT) this._onclose('client namespace disconnect');
  }

  /** @internal */
  _onerror(err: Error): void {
    // Without a listener there is nobody to tell, and no reason to end the process.
    if (this.listenerCount('error') > 0) this.emitReserved('error', err);
  }

  /** @internal The client is gone. Whatever listeners do then, nothing of it stays. */
  _onclose(reason: DisconnectReason, description?: unknown): this | undefined {
    if (this.state !== 'open' || this.#isClosing) return this;
    this.#isClosing = true;
    attempt(() => this.emitReserved('disconnecting', reason, description));
    attempt(() => this.session?.close(this, isRecoverable(reason)));
    this._cleanup();
    this.client._remove(this as never);
    attempt(() => this.emitReserved('disconnect', reason, description));
    return undefined;
  }

  /** @internal Takes it out of everything that has it. */
  _cleanup(): void {
    if (this.state === 'gone') return;
    const wasJoining = this.isJoining;
    this.state = 'gone';
    attempt(() => this.adapter.delAll(this.id));
    this.nsp._remove(this as never, wasJoining);
    this.#drainDebt?.pay();
    const acks = this.#acks;
    this.#acks = null;
    acks?.loseAll(disconnectedError());
  }

  /** @internal The client left before it was let in. */
  abandon(): void {
    if (this.state === 'gone') return;
    if (this.recovered) attempt(() => this.session?.close(this, true));
    this._cleanup();
  }

  /** @internal Tells the client that it is turned away. */
  _error(data: unknown): void {
    // With a fresh token, say, the client may go on with it yet.
    if (this.recovered) this.session?.close(this, true);
    this.packet({ type: PacketType.CONNECT_ERROR, nsp: this.nsp.name, data });
  }

  /** @internal Sends an event that an adapter has encoded, and counts it when it goes out. */
  sendEvent(packet: AdapterPacket, event: OutgoingEvent, options: WriteOptions): Fate {
    this.#announce(packet, this.#counterOf(packet, event));
    return this.client.writeToEngine(event.encoded, options);
  }

  /** @internal Sends a packet to this client alone. Programs put one of their own in its place, or call it. */
  packet(packet: Packet, flags: BroadcastFlags & Partial<WriteOptions> = NO_FLAGS): boolean {
    // Those of socket.io-adapter before 2.3 pass on here what they have encoded for all.
    if (flags.preEncoded) return this.client._packet(packet, flags, this.#backpressure) === 'sent';
    const { name } = this.nsp;
    const addressed = packet.nsp === name ? packet : { ...packet, nsp: name };
    if (packet.type !== PacketType.EVENT) return this.client._packet(addressed, flags) === 'sent';
    const follower = this.#counterOf(packet, UNKEPT);
    return this.client._packet(addressed, flags, this.#backpressure, follower) === 'sent';
  }

  /** @internal */
  replay(data: unknown[]): void {
    this.client._packet({ type: PacketType.EVENT, nsp: this.nsp.name, data });
  }

  /** @internal */
  sendEncoded(encoded: Encoded): void {
    this.client.writeToEngine(encoded);
  }

  /** @internal */
  sendAnswer(id: number, data: unknown[]): void {
    this.packet({ type: PacketType.ACK, nsp: this.nsp.name, data, id });
  }

  /** @internal No answer is waited for any more. */
  forgetAck(id: number): void {
    this.#acks?.delete(id);
  }

  /** @internal What waited for the client has left. */
  onWritable(): void {
    if (this.state !== 'open' || !this.#drainDebt?.pay()) return;
    attempt(() => this.emitReserved('drain'));
  }

  /** @internal Takes in an event. Programs put one of their own in its place, as they could upstream. */
  onevent({ data = [], id }: Packet): void {
    const args = data as Event;
    if (id !== undefined) args.push(this.ack(id));
    this.anyListeners?.call(this, args);
    if (this.#middlewares === null) {
      this.#dispatch(args);
      return;
    }
    runMiddlewares(this.#middlewares, args, (error) => {
      if (error) this._onerror(error);
      else this.#dispatch(args);
    });
  }

  /** @internal Returns what answers an event. */
  ack(id: number): (...args: unknown[]) => void {
    return createAnswer(id, this.session?.answers ?? this);
  }

  #oweDrain(): void {
    const { deadlines } = this.nsp.server.runtime;
    this.#drainDebt ??= new DrainDebt(this.client, deadlines, () => this.onWritable());
    this.#drainDebt.owe(this.state === 'open');
  }

  #dispatch(args: Event): void {
    if (this.state !== 'open') return;
    // An emitter throws where nobody listens to this one; its name came from the client.
    if (args[0] === 'error' && this.listenerCount('error') === 0) return;
    this.emitUntyped(...args);
  }

  #sendEvent(packet: Packet, flags: BroadcastFlags): boolean {
    try {
      if (this.session !== null) return this.session.emit(this, packet, flags) === 'sent';
      this.anyOutgoingListeners?.call(this, packet.data as unknown[]);
      return this.packet(packet, flags) !== false;
    } catch (error) {
      // It cannot be written as JSON, or a listener threw: nothing went out.
      if (packet.id !== undefined) this.#acks?.delete(packet.id);
      throw error;
    }
  }

  /** The program hears of a packet that goes out, and the connection of who hears of its fate. */
  #announce({ data }: AdapterPacket, follower: Follower | null): void {
    this.anyOutgoingListeners?.call(this, data as unknown[]);
    if (this.#backpressure === null && follower === null) return;
    (this.client as AnyClient).announce(this.#backpressure, data, follower);
  }

  /** Returns what hears of the fate of an event: its session counts what goes out. */
  #counterOf(packet: AdapterPacket, event: Counted): Follower | null {
    const { session } = this;
    const follower = this.#followerOf(packet);
    return session === null ? follower : { ...follower, onSent: () => session.count(event) };
  }

  /** Returns what hears that a packet was dropped, where somebody waits for the answer. */
  #followerOf({ id }: AdapterPacket): Follower | null {
    return id === undefined ? null : { onDropped: () => this.#acks?.drop(id) };
  }
}

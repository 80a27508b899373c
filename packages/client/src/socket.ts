import { isReservedEvent } from '@hawser/protocol/socketio';
import { Acknowledgements } from './acknowledgements.ts';
import { BufferBudget } from './buffer-budget.ts';
import { CatchAllEmitter } from './catch-all.ts';
import { defaultParser } from './default-parser.ts';
import { guard } from './engine/guard.ts';
import { MAX_BUFFERED_BYTES, MAX_BUFFERED_EVENTS } from './engine/options.ts';
import { sizeOf } from './engine/packet.ts';
import { SocketError, sendBufferFull } from './errors.ts';
import type {
  AllButLast,
  AnyArguments,
  AnyListener,
  AnyValue,
  DecorateAcknowledgements,
  DefaultEventsMap,
  EventNames,
  EventParams,
  EventsMap,
  FirstArg,
  Last,
} from './events.ts';
import type { Manager } from './manager.ts';
import { ACK, CONNECT, CONNECT_ERROR, DISCONNECT, EVENT, type Packet } from './parser.ts';
import { Recovery, type RecoveryRefusal } from './recovery.ts';
import { RetryQueue } from './retry-queue.ts';
import type {
  Auth,
  DisconnectDescription,
  ExtendedError,
  Flags,
  SocketOptions,
  SocketReservedEvents,
} from './socket-options.ts';

export declare namespace Socket {
  type DisconnectReason =
    | 'io server disconnect'
    | 'io client disconnect'
    | 'ping timeout'
    | 'transport close'
    | 'transport error'
    | 'parse error';
}

/** Weighs what waits. An encoder of the program's may have a state, or a key later, so that it has each packet once. */
const scale = new defaultParser.Encoder();

/** An acknowledgement; with `withError` it takes an error first. */
type Callback = AnyListener & { withError?: boolean };

/**
 * What a program has of a namespace of a server.
 *
 * | state        | event                             | next         | then                                        |
 * | ------------ | --------------------------------- | ------------ | ------------------------------------------- |
 * | inactive     | `connect()`                       | active       | CONNECT goes out when the connection is open |
 * | active       | CONNECT                           | connected    | what waits is sent, `connect`               |
 * | active       | CONNECT_ERROR                     | inactive     | `connect_error`                             |
 * | connected    | the connection is lost            | active       | `disconnect`; CONNECT goes out again        |
 * | connected    | DISCONNECT, `disconnect()`        | inactive     | `disconnect`                                |
 */
export class Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> extends CatchAllEmitter<ListenEvents, EmitEvents, SocketReservedEvents> {
  declare readonly io: Manager<ListenEvents, EmitEvents>;
  /** What the server calls this connection; `undefined` while there is none. */
  id: string | undefined = undefined;
  connected = false;
  /** The session went on after a loss: what was missed comes, or has come. */
  recovered = false;
  declare auth: Auth;
  /** Events that came before the connection was complete. */
  receiveBuffer: ReadonlyArray<AnyValue>[] = [];
  /** Events that are sent once there is a connection. */
  sendBuffer: Packet[] = [];
  declare readonly nsp: string;
  readonly #opts: Partial<SocketOptions>;
  readonly #acks: Acknowledgements;
  readonly #queue: RetryQueue | undefined;
  readonly #recovery = new Recovery();
  readonly #sendBudget: BufferBudget;
  readonly #receiveBudget: BufferBudget;
  #ids = 0;
  #flags: Flags = {};
  /** Present while it is active. */
  #unsubscribe: (() => void) | undefined;
  /** What takes what `auth` answers, as long as it has not. */
  #asker: ((data?: object) => void) | undefined;
  /** A CONNECT went out, and no answer has come. */
  #isAsking = false;
  /** CONNECTs that went out. */
  #attempts = 0;
  /**
   * Stands for the connection over which it left a session, until the next one is answered: what that was sent may
   * still come.
   */
  #left: object | undefined;
  /** What waited, and goes out now: who takes it from here has what did not go out. */
  #leaving: Iterable<Packet> = [];

  /** @internal Made by {@link Manager.socket}. */
  constructor(io: Manager, nsp: string, opts: Partial<SocketOptions> = {}) {
    super();
    this.io = io as unknown as Manager<ListenEvents, EmitEvents>;
    this.nsp = nsp;
    this.auth = opts.auth as Auth;
    this.#opts = { ...opts };
    this.#acks = new Acknowledgements(io);
    const { retries, maxBufferedEvents = MAX_BUFFERED_EVENTS, maxBufferedBytes = MAX_BUFFERED_BYTES } = opts;
    this.#sendBudget = new BufferBudget(maxBufferedEvents, maxBufferedBytes);
    this.#receiveBudget = new BufferBudget(maxBufferedEvents, maxBufferedBytes);
    if (retries) {
      this.#queue = new RetryQueue(
        () => !this.#mustWait(),
        (queued, onAnswer) => {
          queued.ackIds.push(this.#ids++);
          this.#flags = { ...queued.flags, queued };
          this.#emit([...queued.args, onAnswer]);
        },
      );
    }
    if (io._autoConnect) this.open();
  }

  get disconnected(): boolean {
    return !this.connected;
  }

  /** It connects by itself, now or after a loss. */
  get active(): boolean {
    return this.#unsubscribe !== undefined;
  }

  /** Why the session did not go on, where a server that is Hawser's said so, or what came was more than may be kept. */
  get recoveryRefusal(): RecoveryRefusal | undefined {
    return this.#recovery.refusal;
  }

  /** @internal Those who wait for an answer, by its id. */
  get acks(): Record<string, object> {
    return Object.fromEntries(this.#acks.waiting);
  }

  /** @internal Events with `retries` that are not acknowledged yet. */
  get _queue(): readonly object[] {
    return this.#queue?.events ?? [];
  }

  /** Connects, as it does by itself without `autoConnect: false`. */
  connect(): this {
    if (this.connected) return this;
    const wasActive = this.active;
    this.#subscribe();
    if (!this.io._reconnecting) this.io.open();
    // Who was active has asked already, unless `auth` never answered, or will when the listeners for `open` have their turn.
    if ((!wasActive || this.#asker) && this.io._readyState === 'open') this.#onopen();
    return this;
  }

  open(): this {
    return this.connect();
  }

  /** Sends an event by the name of `message`. */
  send(...args: AnyArguments): this {
    return this.emit('message' as never, ...(args as never));
  }

  /**
   * Sends an event. A function as the last argument is called with the server's answer. While there is no
   * connection, the event waits in `sendBuffer`.
   * @throws Error when the name is one of the library's own
   * @throws SIO_ERR_SEND_BUFFER_FULL when too much waits already: here, or for a server that reads slowly
   */
  override emit<Name extends EventNames<EmitEvents>>(ev: Name, ...args: EventParams<EmitEvents, Name>): this {
    if (isReservedEvent(ev)) throw new Error(`"${String(ev)}" is a reserved event name`);
    const list: AnyArguments = [ev, ...args];
    if (this.#queue !== undefined && !this.#flags.volatile) this.#enqueue(this.#queue, list);
    else this.#emit(list);
    return this;
  }

  /** Sends an event, and resolves with the server's answer. Rejects when the time is up or the connection is lost. */
  emitWithAck<Name extends EventNames<EmitEvents>>(
    ev: Name,
    ...args: AllButLast<EventParams<EmitEvents, Name>>
  ): Promise<FirstArg<Last<EventParams<EmitEvents, Name>>>> {
    return new Promise((resolve, reject) => {
      const callback: Callback = (error, answer) => (error ? reject(error) : resolve(answer));
      callback.withError = true;
      this.emit(ev, ...([...args, callback] as never));
    });
  }

  /** Disconnects, and stays so. */
  disconnect(): this {
    const wasConnected = this.connected;
    if (wasConnected) this.#leave();
    this.#destroy();
    if (wasConnected) this.#onclose('io client disconnect');
    return this;
  }

  /** As {@link disconnect}. */
  close(): this {
    return this.disconnect();
  }

  /** Sets whether the next event may be compressed. */
  compress(compress: boolean): this {
    this.#flags = { ...this.#flags, compress };
    return this;
  }

  /** The next event is dropped where it cannot be sent at once. */
  get volatile(): this {
    this.#flags = { ...this.#flags, volatile: true };
    return this;
  }

  /** Gives the next event's callback an error first, and calls it with one when no answer came in time. */
  timeout(timeout: number): Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>> {
    this.#flags = { ...this.#flags, timeout };
    return this as never;
  }

  /** @internal Sends what waits, if it can be sent. */
  _flush(): void {
    if (!this.connected) return;
    this.#leaving = this.sendBuffer.splice(0).values();
    for (const packet of this.#leaving) {
      guard(() => this.#sendEvent(packet));
      // It ends, or has ended: the rest is for the next.
      if (this.io.engine.readyState !== 'open') return;
    }
    this.#queue?.drain();
  }

  /** @internal Sends a packet, at once. Programs put one of their own in its place, or call it. */
  packet(packet: Packet): void {
    packet.nsp = this.nsp;
    this.io._packet(packet);
  }

  /** @internal Takes back those of the events, never sent, that are its own, and of which nobody was told otherwise. */
  _takeBack(packets: readonly (Packet | undefined)[]): void {
    if (!this.active) return;
    const unsent = packets.filter(
      (packet): packet is Packet =>
        packet?.type === EVENT &&
        packet.nsp === this.nsp &&
        !packet.options?.isExpendable &&
        (packet.id === undefined || this.#acks.waiting.has(packet.id)),
    );
    this.sendBuffer = [...unsent, ...this.sendBuffer];
  }

  /** An event cannot go out now, or would overtake others. */
  #mustWait(): boolean {
    const { engine } = this.io;
    return (
      !this.connected ||
      this.sendBuffer.length > 0 ||
      engine.readyState !== 'open' ||
      engine._hasPingExpired()
    );
  }

  #enqueue(queue: RetryQueue, args: AnyArguments): void {
    const callback = takeCallback(args);
    const event = {
      args,
      flags: this.#flags,
      callback,
      ackIds: [],
      maxRetries:
        (this.#flags.timeout ?? this.#opts.ackTimeout) === undefined ? Infinity : this.#opts.retries!,
      tryCount: 0,
      isPending: false,
    };
    this.#flags = {};
    const bytes = this.#measure({ type: EVENT, nsp: this.nsp, data: args });
    if (!this.#sendBudget.push(queue.events, event, bytes)) throw sendBufferFull();
    queue.drain();
  }

  #emit(args: AnyArguments): void {
    const { compress, volatile = false, timeout, queued } = this.#flags;
    this.#flags = {};
    const packet: Packet = {
      type: EVENT,
      nsp: this.nsp,
      data: args,
      options: { compress: compress !== false, isExpendable: volatile || !!queued, queued },
    };
    const callback = takeCallback(args);
    if (callback) packet.id = queued?.ackIds.at(-1) ?? this.#ids++;
    const mustWait = this.#mustWait();
    const isFull = !mustWait && this.io.engine._isFull();
    const isDiscarded = volatile && (mustWait || isFull || !this.io.engine.transport.writable);
    if (isFull && !isDiscarded && !queued) throw sendBufferFull();
    if (!isDiscarded && mustWait) this.#buffer(packet);
    if (callback) {
      const timeoutMs = timeout ?? this.#opts.ackTimeout;
      const takesError = !!queued || callback.withError === true;
      this.#acks.add(packet.id!, callback.bind(this), takesError, timeoutMs, () => this.#unbuffer(packet));
    }
    if (!isDiscarded && !mustWait) this.#sendEvent(packet);
  }

  #buffer(packet: Packet): void {
    if (!this.#sendBudget.push(this.sendBuffer, packet, this.#measure(packet))) throw sendBufferFull();
  }

  #unbuffer(packet: Packet): void {
    this.sendBuffer = this.sendBuffer.filter((waiting) => waiting !== packet);
  }

  /** Returns the bytes of a packet as it is sent, or with a parser of the program's about so many. */
  #measure({ options: _options, ...packet }: Packet): number {
    try {
      return scale.encode(packet).reduce((sum, frame) => sum + sizeOf(frame), 0);
    } catch (error) {
      // What JSON cannot say, that parser may.
      if (this.io.opts.parser) return 0;
      throw error;
    }
  }

  #sendEvent(packet: Packet): void {
    this.outgoing.call(this, packet.data);
    this.packet(packet);
  }

  #subscribe(): void {
    if (this.active) return;
    const { io } = this;
    const onOpen = () => {
      // Another listener may have disconnected, and connected again.
      if (this.#unsubscribe === unsubscribe) this.#onopen();
    };
    const onError = (error: Error) => {
      if (!this.connected) this.emitReserved('connect_error', error);
    };
    const onClose = (reason: string, description?: DisconnectDescription) => {
      if (this.active) this.#onclose(reason as Socket.DisconnectReason, description);
    };
    io.off('packet', this.#onPacket).on('packet', this.#onPacket);
    io.on('open', onOpen).on('error', onError).on('close', onClose);
    const unsubscribe = () => io.off('open', onOpen).off('error', onError).off('close', onClose);
    this.#unsubscribe = unsubscribe;
  }

  /** Stays when it is inactive: who left before the answer came leaves when it comes. */
  #onPacket = (packet: Packet) => {
    if (this.active) {
      // Another listener may have ended the connection that it came over.
      if (this.io._readyState === 'open') this.onpacket(packet);
    } else if (this.#isAsking && packet.nsp === this.nsp && packet.type === CONNECT) {
      this.#isAsking = false;
      this.#leave();
    }
  };

  #leave(): void {
    this.#left = this.io._mark;
    this.#send(DISCONNECT);
  }

  #destroy(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = this.#asker = undefined;
    this.io._destroy();
  }

  #onopen(): void {
    // Whoever asks again while `auth` takes its time does not make its answer void.
    const asker = (this.#asker ??= (data?: object) => {
      // An answer that comes twice, or for a connection that was lost, is no second CONNECT.
      if (this.#asker === asker) this.#sendConnect(data);
    });
    if (typeof this.auth === 'function') this.auth(asker);
    else asker(this.auth);
  }

  #sendConnect(auth: object | undefined): void {
    this.#asker = undefined;
    // A function may have taken its time, and an earlier CONNECT been answered.
    if (!this.active || this.connected) return;
    this.#isAsking = true;
    this.#attempts++;
    const data = this.#recovery.request(auth, this.io._isHawser);
    // What came before an answer that never came is sent again, or is of a session that never began.
    this.receiveBuffer = [];
    this.#send(CONNECT, data && { data });
  }

  #send(type: Packet['type'], more?: Partial<Packet>): void {
    this.packet({ type, nsp: this.nsp, options: { compress: true }, ...more });
  }

  #onclose(reason: Socket.DisconnectReason, description?: DisconnectDescription): void {
    this.connected = false;
    this.id = this.#asker = undefined;
    // It may have ended within the send of one of them.
    this.sendBuffer = [...this.sendBuffer, ...this.#leaving];
    try {
      this.emitReserved('disconnect', reason, description);
    } finally {
      const unsent = new Set(this.sendBuffer.map(({ id }) => id));
      this.#acks.disconnect((id) => unsent.has(id));
    }
  }

  /** @internal Takes in a packet. */
  onpacket(packet: Packet): void {
    if (packet.nsp !== this.nsp) return;
    const { type, data = {} } = packet;
    switch (type) {
      case CONNECT:
        this.#answered();
        if (data.sid) this.#onconnect(data);
        else this.emitReserved('connect_error', new Error('the server speaks Socket.IO 2'));
        break;
      case EVENT:
        this.#recovery.count(this.connected, this.#left === this.io._mark);
        this.onevent(packet);
        break;
      case ACK:
        this.#acks.settle(this.#queue?.awaitedId(packet.id!) ?? packet.id!, data);
        break;
      case DISCONNECT:
        // Before the answer to CONNECT it is of the session that was left, where there was one.
        if (!this.connected && this.#left === this.io._mark) break;
        this.#answered();
        this.#destroy();
        this.#onclose('io server disconnect');
        break;
      case CONNECT_ERROR: {
        this.#answered();
        this.#destroy();
        const error: ExtendedError = new Error(data.message);
        error.data = data.data;
        this.emitReserved('connect_error', error);
      }
    }
  }

  /** What comes from here on is of the session that was asked for, or of none. */
  #answered(): void {
    this.#isAsking = false;
    this.#left = undefined;
  }

  #onconnect(data: { sid: string; pid?: string }): void {
    this.id = data.sid;
    this.recovered = this.#recovery.connected(data);
    this.connected = true;
    for (const args of this.receiveBuffer.splice(0)) guard(() => this.#dispatch(args));
    this._flush();
    this.emitReserved('connect');
  }

  /** @internal Takes in an event. Programs put one of their own in its place, as they could upstream. */
  onevent({ data, id }: Packet): void {
    const args: AnyArguments = [...data];
    if (id !== undefined) args.push(this.ack(id));
    if (this.connected) {
      this.#dispatch(args);
      return;
    }
    try {
      const bytes = this.#measure({ type: EVENT, nsp: this.nsp, data });
      if (this.#receiveBudget.push(this.receiveBuffer, args, bytes)) return;
    } catch {
      // It is too deep to be weighed: no room is enough for it.
    }
    this.#recovery.giveUp();
    this.io._fail(new SocketError('SIO_ERR_RECEIVE_BUFFER_FULL', 'receiveBuffer is full'));
  }

  #dispatch(args: ReadonlyArray<AnyValue>): void {
    this.incoming.call(this, args);
    super.emitReserved(...(args as never as ['connect']));
    this.#recovery.note(args as AnyArguments, this.io._isHawser);
  }

  /** @internal Returns the function that answers an event, once. */
  ack(id: number): AnyListener {
    const attempt = this.#attempts;
    let isSent = false;
    return (...args) => {
      // Another connection's events have ids of their own. What came before CONNECT is answered behind it.
      if (isSent || !this.connected || attempt !== this.#attempts) return;
      isSent = true;
      // A server that asks and does not read the answers.
      if (this.io.engine._isFull()) this.io._fail(sendBufferFull(), 'transport error');
      else this.#send(ACK, { id, data: args });
    };
  }
}

/** Takes out the function at the end, where there is one. */
function takeCallback(args: AnyArguments): Callback | undefined {
  return typeof args.at(-1) === 'function' ? args.pop() : undefined;
}

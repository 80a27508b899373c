import { Backoff } from './backoff.ts';
import { defaultParser } from './default-parser.ts';
import { Emitter } from './emitter.ts';
import { guard } from './engine/guard.ts';
import { Socket as Engine, type SocketOptions as EngineOptions, type HandshakeData } from './engine/index.ts';
import { readArguments } from './engine/location.ts';
import { installTimerFunctions, startTimer, type Timer, type Timers } from './engine/timers.ts';
import { TransportError } from './engine/transport.ts';
import type { AnyValue, DefaultEventsMap, EventsMap } from './events.ts';
import type { Packet, PacketDecoder, PacketEncoder, Parser } from './parser.ts';
import { Socket } from './socket.ts';
import type { DisconnectDescription, SocketOptions } from './socket-options.ts';

/** Options of a {@link Manager}: of the connection that its sockets share. */
export interface ManagerOptions extends EngineOptions {
  /** Make a new connection. @defaultValue false */
  forceNew: boolean;
  /** Share a connection with the other sockets of this server. @defaultValue true */
  multiplex: boolean;
  /** Where the server is. @defaultValue '/socket.io' */
  path: string;
  /** Connect again after a loss. @defaultValue true */
  reconnection: boolean;
  /** Attempts, one after the other, before giving up. @defaultValue Infinity */
  reconnectionAttempts: number;
  /** Milliseconds before the first of them. @defaultValue 1000 */
  reconnectionDelay: number;
  /** Most milliseconds before one. @defaultValue 5000 */
  reconnectionDelayMax: number;
  /** How far delays are spread, from 0 to 1. @defaultValue 0.5 */
  randomizationFactor: number;
  /** Milliseconds for one attempt; `false` for as long as it takes. @defaultValue 20000 */
  timeout: number;
  /** Connect at once. @defaultValue true */
  autoConnect: boolean;
  /** How packets are written down; the server has to have the same. */
  parser: AnyValue;
}

export interface ManagerReservedEvents {
  open: () => void;
  error: (err: Error) => void;
  ping: () => void;
  packet: (packet: Packet) => void;
  close: (reason: string, description?: DisconnectDescription) => void;
  reconnect_failed: () => void;
  reconnect_attempt: (attempt: number) => void;
  reconnect_error: (err: Error) => void;
  reconnect: (attempt: number) => void;
}

/**
 * One connection to a server, which the sockets of several namespaces share, and its reconnections.
 *
 * | `_readyState` | event                          | next    | then                             |
 * | ------------- | ------------------------------ | ------- | -------------------------------- |
 * | closed        | `open()`, time for an attempt  | opening |                                  |
 * | opening       | the engine opens               | open    | `open`, `reconnect`              |
 * | opening       | it fails or closes, `timeout`  | closed  | `error`, perhaps another attempt |
 * | open          | the engine closes, parse error | closed  | `close`, perhaps an attempt      |
 * | any           | the last socket disconnects    | closed  | no attempts                      |
 */
export class Manager<
  ListenEvents extends EventsMap = DefaultEventsMap,
  _EmitEvents extends EventsMap = ListenEvents,
> extends Emitter<Record<never, never>, Record<never, never>, ManagerReservedEvents> {
  declare engine: Engine;
  declare opts: Partial<ManagerOptions>;
  /** @internal */
  _readyState: 'opening' | 'open' | 'closed' = 'closed';
  /** @internal */
  _reconnecting = false;
  /** @internal */
  declare _autoConnect: boolean;
  /** @internal */
  readonly nsps: Record<string, Socket> = {};
  /** @internal Both ends are Hawser: see the decision record on recovery. */
  _isHawser = false;
  /** @internal Stands for the present connection, or the last, and keeps nothing of it. */
  declare _mark: object;
  declare setTimeoutFn: Timers['setTimeoutFn'];
  declare clearTimeoutFn: Timers['clearTimeoutFn'];
  declare readonly uri: string | undefined;
  declare readonly encoder: PacketEncoder;
  /** Reads what the present connection brings. */
  declare decoder: PacketDecoder;
  readonly #backoff: Backoff;
  readonly #Decoder: Parser['Decoder'];
  #reconnection!: boolean;
  #reconnectionAttempts!: number;
  #timeoutMs!: number | false;
  #unlisten: (() => void)[] = [];
  #skipsReconnect = false;
  /** Until the next attempt. */
  #timer: Timer;
  #decoded: Packet[] | undefined;

  constructor(opts: Partial<ManagerOptions>);
  constructor(uri?: string, opts?: Partial<ManagerOptions>);
  constructor(uri?: string | Partial<ManagerOptions>, opts?: Partial<ManagerOptions>);
  constructor(uri?: string | Partial<ManagerOptions>, opts?: Partial<ManagerOptions>) {
    super();
    const [url, given] = readArguments(uri, opts);
    this.uri = url;
    this.opts = { ...given, path: given?.path || '/socket.io' };
    installTimerFunctions(this, this.opts);
    const { reconnectionDelay, reconnectionDelayMax, randomizationFactor } = this.opts;
    // As upstream has it, none is the default: at once and for ever would be a load for the server.
    this.#backoff = new Backoff(
      reconnectionDelay || 1000,
      reconnectionDelayMax || 5000,
      randomizationFactor ?? 0.5,
    );
    this.reconnection(this.opts.reconnection !== false);
    this.reconnectionAttempts(this.opts.reconnectionAttempts || Number.POSITIVE_INFINITY);
    this.timeout(this.opts.timeout ?? 20_000);
    const { Encoder, Decoder } = (this.opts.parser as Parser | undefined) ?? defaultParser;
    this.encoder = new Encoder();
    this.#Decoder = Decoder;
    this.decoder = new Decoder();
    this._autoConnect = this.opts.autoConnect !== false;
    if (this._autoConnect) this.open();
  }

  reconnection(v: boolean): this;
  reconnection(): boolean;
  reconnection(v?: boolean): this | boolean;
  reconnection(value?: boolean): this | boolean {
    if (value === undefined) return this.#reconnection;
    this.#reconnection = !!value;
    if (!value) this.#skipsReconnect = true;
    return this;
  }

  reconnectionAttempts(v: number): this;
  reconnectionAttempts(): number;
  reconnectionAttempts(v?: number): this | number;
  reconnectionAttempts(value?: number): this | number {
    if (value === undefined) return this.#reconnectionAttempts;
    this.#reconnectionAttempts = value;
    return this;
  }

  reconnectionDelay(v: number): this;
  reconnectionDelay(): number;
  reconnectionDelay(v?: number): this | number;
  reconnectionDelay(value?: number): this | number {
    return this.#tune('minMs', value);
  }

  randomizationFactor(v: number): this;
  randomizationFactor(): number;
  randomizationFactor(v?: number): this | number;
  randomizationFactor(value?: number): this | number {
    return this.#tune('jitter', value);
  }

  reconnectionDelayMax(v: number): this;
  reconnectionDelayMax(): number;
  reconnectionDelayMax(v?: number): this | number;
  reconnectionDelayMax(value?: number): this | number {
    return this.#tune('maxMs', value);
  }

  timeout(v: number | boolean): this;
  timeout(): number | boolean;
  timeout(v?: number | boolean): this | number | boolean;
  timeout(value?: number | boolean): this | number | boolean {
    if (value === undefined) return this.#timeoutMs;
    this.#timeoutMs = value as number | false;
    return this;
  }

  /** Connects; `fn` is called once it came off or not. */
  open(fn?: (err?: Error) => void): this {
    if (this._readyState !== 'closed') return this;
    this.clearTimeoutFn(this.#timer);
    const engine = new Engine(this.uri, this.opts as EngineOptions);
    this.engine = engine;
    this._readyState = 'opening';
    this.#skipsReconnect = false;
    let isSettled = false;
    const fail = (error: Error) => {
      if (isSettled) return;
      isSettled = true;
      this.#leave();
      this._readyState = 'closed';
      this.emitGuarded('error', error);
      guard(() => fn?.(error));
      this.#failed(error, !fn);
    };
    this.#listen('handshake', (handshake) => this.#greet(handshake));
    this.#listen('open', () => {
      isSettled = true;
      this.clearTimeoutFn(timer);
      this.#opened();
      guard(() => fn?.());
      this.#reconnected();
    });
    this.#listen('error', (error) => fail(error as Error));
    // Before it was open: a server or a proxy that accepts a connection and ends it.
    this.#listen('close', (reason, description) => fail(new TransportError(reason, description)));
    let timer: Timer;
    if (this.#timeoutMs !== false) {
      const run = () => {
        fail(new Error('timeout'));
        engine.close();
      };
      timer = startTimer(this, run, this.#timeoutMs, this.opts.autoUnref);
      this.#unlisten.push(() => this.clearTimeoutFn(timer));
    }
    return this;
  }

  /** As {@link open}. */
  connect(fn?: (err?: Error) => void): this {
    return this.open(fn);
  }

  /** Returns the socket of a namespace, a new one where there is none. */
  socket(nsp: string, opts?: Partial<SocketOptions>): Socket {
    let socket = this.nsps[nsp];
    if (socket === undefined) {
      socket = new Socket(this as unknown as Manager, nsp, opts);
      this.nsps[nsp] = socket;
    } else if (this._autoConnect && !socket.active) {
      socket.connect();
    }
    return socket;
  }

  /** @internal A socket needs the connection no more. */
  _destroy(): void {
    if (!Object.values(this.nsps).some(({ active }) => active)) this._close();
  }

  /** @internal Sends a packet. */
  _packet(packet: Packet): void {
    const { options, ...plain } = packet;
    // Where the first frame cannot be sent, a listener may connect again: the rest of it is not for that connection.
    const { engine } = this;
    const frames = this.encoder.encode(plain);
    // Tells a server of Hawser which event it may have seen before.
    const ackIds = options?.queued?.ackIds;
    if (this._isHawser && ackIds?.[1]) this.#note(ackIds[0]);
    for (const frame of frames) engine.write(frame, { ...options, packet });
  }

  /** @internal Closes the connection on the program's behalf. */
  _close(): void {
    this.#skipsReconnect = true;
    this._reconnecting = false;
    this.#onclose('forced close');
  }

  disconnect(): void {
    this._close();
  }

  /** @internal What one of the sockets was sent, or answers, cannot be kept. */
  _fail(error: Error, reason = 'parse error'): void {
    this.#onclose(reason, error);
  }

  #tune(name: 'minMs' | 'maxMs' | 'jitter', value: number | undefined): this | number {
    if (value === undefined) return this.#backoff[name];
    this.#backoff[name] = value;
    return this;
  }

  #greet(handshake: HandshakeData & { hawser?: unknown }): void {
    this._isHawser = !!handshake.hawser;
    // Says, before anything else, that this end counts events, too.
    if (this._isHawser) this.#note();
  }

  /**
   * Says something to a server of Hawser right before what is sent next: that this end is one, or under which id that
   * was sent first. Whoever looks at packets does not see it, and as a number it has no bytes that count.
   */
  #note(id?: number): void {
    this.engine.writeBuffer.push({ type: 'noop', data: id });
  }

  #opened(): void {
    this._readyState = 'open';
    this._mark = {};
    this.decoder = new this.#Decoder();
    this.decoder.on('decoded', this.#ondecoded);
    this.#listen('ping', () => this.emitReserved('ping'));
    this.#listen('data', (data) => this.#ondata(data));
    this.#listen('error', (error) => this.emitGuarded('error', error as Error));
    this.#listen('revived', () => {
      for (const socket of Object.values(this.nsps)) socket._flush();
    });
    this.#listen('close', (reason, description) => {
      this.#takeBack();
      this.#onclose(reason, description);
    });
    this.emitGuarded('open');
  }

  #listen: Engine['on'] = (event, listener) => {
    const { engine } = this;
    engine.on(event, listener);
    this.#unlisten.push(() => engine.off(event, listener));
    return engine;
  };

  #ondata(data: unknown): void {
    const decoded: Packet[] = [];
    this.#decoded = decoded;
    try {
      this.decoder.add(data);
    } catch (error) {
      this._fail(error as Error);
      return;
    } finally {
      this.#decoded = undefined;
    }
    for (const packet of decoded) this.emitGuarded('packet', packet);
  }

  /** Not within the decoder's call, where what a listener throws would be taken for the server's fault. */
  #ondecoded = (packet: Packet): void => {
    if (this.#decoded) this.#decoded.push(packet);
    else this.emitReserved('packet', packet);
  };

  /** Gives back to the sockets what the engine never handed to a transport: it can be sent again, and only once. */
  #takeBack(): void {
    const { writeBuffer, inFlight, transport } = this.engine;
    // It would end the next connection too, were it sent again, or a rest of it.
    const refused = transport.unsendable?.options?.packet as Packet | undefined;
    const queued = refused?.options?.queued;
    if (queued) queued.maxRetries = 0;
    // Who will not connect again is told now that there is no answer.
    if (!this.#reconnection || this.#skipsReconnect) return;
    const unsent = new Set(writeBuffer.slice(inFlight).map(({ options }) => options?.packet));
    unsent.delete(refused);
    for (const socket of Object.values(this.nsps)) socket._takeBack([...unsent] as Packet[]);
  }

  #leave(): void {
    this.clearTimeoutFn(this.#timer);
    // The program's own listeners hear the end.
    for (const unlisten of this.#unlisten.splice(0)) unlisten();
    this.decoder.off?.('decoded', this.#ondecoded);
    this.decoder.destroy();
  }

  #onclose(reason: string, description?: DisconnectDescription): void {
    this.#leave();
    (this.engine as Engine | undefined)?.close();
    this.#backoff.reset();
    this._readyState = 'closed';
    this.emitGuarded('close', reason, description);
    if (this.#reconnection && !this.#skipsReconnect) this.#reconnect();
  }

  /** @param isUnwatched - nobody but us will try again */
  #failed(error: Error, isUnwatched: boolean): void {
    if (this._reconnecting) {
      this._reconnecting = false;
      this.#reconnect();
      this.emitGuarded('reconnect_error', error);
    } else if (isUnwatched && this.#reconnection && this.#backoff.attempts === 0) {
      this.#reconnect();
    }
  }

  #reconnected(): void {
    if (!this._reconnecting) return;
    const { attempts } = this.#backoff;
    this._reconnecting = false;
    this.#backoff.reset();
    this.emitGuarded('reconnect', attempts);
  }

  #reconnect(): void {
    if (this._reconnecting || this.#skipsReconnect) return;
    const backoff = this.#backoff;
    if (backoff.attempts >= this.#reconnectionAttempts) {
      backoff.reset();
      this.emitGuarded('reconnect_failed');
      return;
    }
    const delayMs = backoff.next();
    this._reconnecting = true;
    // A listener may have connected: that is the attempt.
    if (this._readyState !== 'closed') return;
    this.#timer = startTimer(this, () => this.#attempt(), delayMs, this.opts.autoUnref);
  }

  #attempt(): void {
    const { attempts } = this.#backoff;
    if (!this.#skipsReconnect) this.emitGuarded('reconnect_attempt', attempts);
    // A listener may have disconnected.
    if (this.#skipsReconnect) this._reconnecting = false;
    else this.open();
  }
}

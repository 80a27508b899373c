import { countFitting, decodeHandshake } from '@hawser/protocol/engineio';
import { createCookieJar, defaultBinaryType, natives, platformOptions } from '#platform';
import { Emitter } from '../emitter.ts';
import { globals } from './globals.ts';
import { guard } from './guard.ts';
import { Heartbeat, type HeartbeatHost } from './heartbeat.ts';
import { readArguments, resolveTarget } from './location.ts';
import {
  MAX_BUFFERED_BYTES,
  MAX_BUFFERED_EVENTS,
  type SocketOptions,
  type TransportCtor,
} from './options.ts';
import {
  type BinaryType,
  isBlob,
  type Packet,
  type RawData,
  sizeOf,
  toPacketData,
  type WriteOptions,
} from './packet.ts';
import type { CookieJar } from './platform.ts';
import type { HandshakeData, SocketReservedEvents } from './session-events.ts';
import { installTimerFunctions, startTimer, type Timers } from './timers.ts';
import type { CloseDetails, Transport, TransportError } from './transport.ts';

type SocketState = 'opening' | 'open' | 'closing' | 'closed';

const DEFAULTS: Readonly<SocketOptions> = {
  ...platformOptions,
  upgrade: true,
  timestampParam: 't',
  addTrailingSlash: true,
  transportOptions: {},
  maxBufferedEvents: MAX_BUFFERED_EVENTS,
  maxBufferedBytes: MAX_BUFFERED_BYTES,
};

/**
 * A session that stays on the transport with which it began.
 *
 * | state   | event                                    | next    | then                                   |
 * | ------- | ---------------------------------------- | ------- | -------------------------------------- |
 * | opening | handshake                                | open    | `open`                                 |
 * | opening | the transport fails                      | closed  | `error`, `close('transport error')`    |
 * | open    | `close()`                                | closing | closed, when what waits has been sent  |
 * | open    | the transport ends or breaks, silence, … | closed  | `close(reason, description)`           |
 * | closing | the transport took everything            | closed  | `close('forced close')`                |
 */
export class SocketWithoutUpgrade
  extends Emitter<Record<never, never>, Record<never, never>, SocketReservedEvents>
  implements HeartbeatHost
{
  static priorWebsocketSuccess = false;
  static protocol = 4;

  declare id: string;
  declare transport: Transport;
  binaryType: BinaryType = defaultBinaryType;
  readyState: SocketState = 'opening';
  /** Packets that the transport has not confirmed yet. */
  writeBuffer: Packet[] = [];
  declare setTimeoutFn: Timers['setTimeoutFn'];
  declare clearTimeoutFn: Timers['clearTimeoutFn'];
  declare readonly opts: SocketOptions;
  declare readonly secure: boolean;
  declare readonly hostname: string;
  declare readonly port: string;
  /** The names of the transports that can be used. */
  transports: string[] = [];
  /** Cookies that the server set, in Node with `withCredentials`. */
  declare readonly _cookieJar?: CookieJar;
  /** The session is between two transports. */
  upgrading = false;
  readonly #query: Record<string, string>;
  readonly #classes: Record<string, TransportCtor> = {};
  readonly #unlisten: (() => void)[] = [];
  readonly #heartbeat: Heartbeat;
  #maxPayload: number | undefined;
  #inFlight = 0;
  /** Of `writeBuffer`. */
  #bufferedBytes = 0;

  constructor(uri?: string | SocketOptions | null, options?: SocketOptions) {
    super();
    const [url, given = {}] = readArguments(uri, options);
    const { secure, hostname, port, path, query } = resolveTarget(url, given);
    const opts: SocketOptions = { ...DEFAULTS, ...given, path, query };
    installTimerFunctions(this, opts);
    this.opts = opts;
    this.#heartbeat = new Heartbeat(this, opts.autoUnref);
    this.secure = secure;
    this.hostname = hostname;
    this.port = port;
    this.#query = query;
    for (const Class of (opts.transportImplementations ?? opts.transports ?? []) as TransportCtor[]) {
      const { name } = Class.prototype;
      this.transports.push(name);
      this.#classes[name] = Class;
    }
    if (createCookieJar && opts.withCredentials) this._cookieJar = createCookieJar();
    if (opts.closeOnBeforeunload) {
      this.#listen('beforeunload', () => {
        // The page is not told: it is being left.
        this.transport.off();
        this.transport.close();
      });
    }
    if (hostname !== 'localhost') {
      const description = 'network connection lost';
      this.#listen('offline', () => this._onClose('transport close', { description }));
    }
    this.#open();
  }

  /** Packets, from the first on, that were handed to the transport. */
  get inFlight(): number {
    return this.#inFlight - this.transport.unsent!;
  }

  /**
   * Sends a message. `callback` is called when it was handed to the transport.
   * @throws Error when too much waits already
   */
  write(data: RawData, options?: WriteOptions, callback?: () => void): this {
    if (options?.packet === undefined && this._isFull()) {
      throw new Error('writeBuffer is full: see maxBufferedBytes');
    }
    this.#sendPacket('message', data, options, callback);
    return this;
  }

  /** @internal Tells whether so much waits that nothing should be added: the server reads too slowly. */
  _isFull(): boolean {
    const { maxBufferedEvents, maxBufferedBytes } = this.opts;
    return (
      this.writeBuffer.length >= maxBufferedEvents! ||
      this.#bufferedBytes + this.transport.bufferedAmount >= maxBufferedBytes!
    );
  }

  /** As {@link write}. */
  send(data: RawData, options?: WriteOptions, callback?: () => void): this {
    return this.write(data, options, callback);
  }

  /** Closes the session, when what waits has been sent. */
  close(): this {
    if (this.readyState === 'opening' || this.readyState === 'open') {
      this.readyState = 'closing';
      this.finishClosing();
    }
    return this;
  }

  /**
   * @internal Tells whether it is open if the server is still there: nothing was heard for too long, and no timer
   * has fired since, as in a tab in the background or after a sleep. What is sent now should wait.
   */
  _hasPingExpired(): boolean {
    return this.#heartbeat.hasExpired();
  }

  /** @internal When silence is too long, as a time of `Date.now`. */
  get _pingTimeoutTime(): number {
    const { deadlineMs, clock } = this.#heartbeat;
    return Date.now() + deadlineMs - clock.now();
  }

  set _pingTimeoutTime(timeMs: number) {
    this.#heartbeat.deadlineMs += timeMs - this._pingTimeoutTime;
  }

  /** @internal */
  onSilence(): void {
    this._onClose('ping timeout');
  }

  /** @internal */
  onRevived(): void {
    this.emitReserved('revived');
  }

  /** @internal */
  _onClose(reason: string, description?: CloseDetails | Error): void {
    if (this.readyState === 'closed') return;
    this.#heartbeat.stop();
    this.#dropTransport();
    for (const unlisten of this.#unlisten) unlisten();
    this.readyState = 'closed';
    this.id = null as never;
    // A listener still sees what was not sent.
    this.emitReserved('close', reason, description);
    this.writeBuffer = [];
    this.#inFlight = this.#bufferedBytes = 0;
  }

  protected createTransport(name: string): Transport {
    const query: Record<string, string | number> = { ...this.#query, EIO: 4, transport: name };
    if (this.id) query.sid = this.id;
    return new this.#classes[name]!({
      ...this.opts,
      query,
      socket: this,
      hostname: this.hostname,
      secure: this.secure,
      port: this.port,
      ...(this.opts.transportOptions as Record<string, object>)[name],
    });
  }

  protected setTransport(transport: Transport): void {
    // The one before may still hand out what came with its last poll.
    this.transport = transport;
    this.#inFlight = 0;
    // Of an upgrade, its last word may be, which is none of ours.
    transport.unsent = 0;
    transport
      .on('drain', () => this.#drained())
      .on('packet', (packet) => guard(() => this.#onPacket(packet)))
      .on('progress', () => this.#heartbeat.markAlive())
      .on('error', (error) => this.#onError(error))
      .on('close', (details) => {
        const isSilence = details?.description === 'ping timeout';
        this._onClose(isSilence ? 'ping timeout' : 'transport close', details);
      });
  }

  protected onOpen(): void {
    this.readyState = 'open';
    SocketWithoutUpgrade.priorWebsocketSuccess = this.transport.name === 'websocket';
    this.emitGuarded('open');
    this.flush();
  }

  protected onHandshake(data: HandshakeData): void {
    this.#heartbeat.start(data.pingInterval + data.pingTimeout);
    // A listener may close the session.
    this.emitReserved('handshake', data);
    this.id = data.sid;
    this.transport.query.sid = data.sid;
    this.#maxPayload = data.maxPayload;
    // A listener may have closed it.
    if (this.readyState === 'opening') this.onOpen();
    else if (this.readyState === 'closing') this.flush();
  }

  protected flush(): void {
    const { transport } = this;
    if (this.readyState === 'closed' || this.upgrading || this.#inFlight > 0) return;
    if (!transport.writable || transport.isEnding || this.writeBuffer.length === 0) return;
    const packets = this.#takeFitting();
    this.#inFlight = packets.length;
    try {
      transport.send(packets);
    } catch (error) {
      // Such as memory that a browser's WebSocket does not take: what is behind it would wait for ever.
      this.#onError(error as Error);
      return;
    }
    this.emitReserved('flush');
  }

  /** Ends the session once nothing waits any more. */
  protected finishClosing(): void {
    if (this.readyState !== 'closing' || this.upgrading || this.writeBuffer.length > 0) return;
    this._onClose('forced close');
  }

  #open(): void {
    if (this.transports.length === 0) {
      startTimer(this, () => this.#onError('No transports available' as never), 0);
      return;
    }
    const remembers = this.opts.rememberUpgrade && SocketWithoutUpgrade.priorWebsocketSuccess;
    const name = remembers && this.transports.includes('websocket') ? 'websocket' : this.transports[0]!;
    const transport = this.createTransport(name);
    this.setTransport(transport);
    transport.open();
  }

  #onPacket(packet: Packet): void {
    if (this.readyState === 'closed') return;
    this.emitReserved('packet', packet);
    this.emitReserved('heartbeat');
    this.#heartbeat.markAlive();
    const { type, data = '' } = packet;
    switch (type) {
      case 'open':
        if (!this.id) this.#begin(data);
        break;
      case 'ping':
        // Who pings and does not read has no use for the answer.
        if (!this._isFull()) this.#sendPacket('pong', data);
        this.emitReserved('ping');
        this.emitReserved('pong');
        break;
      case 'message':
        this.emitReserved('data', data);
        this.emitReserved('message', data);
        break;
    }
  }

  #begin(data: string): void {
    const handshake = decodeHandshake(data);
    if (typeof handshake === 'string') this.#onError(new Error(handshake));
    else this.onHandshake(handshake as HandshakeData);
  }

  #sendPacket(type: Packet['type'], data: RawData, options?: WriteOptions, callback?: () => void): void {
    if (typeof options === 'function') {
      callback = options;
      options = undefined;
    }
    if (this.readyState === 'closing' || this.readyState === 'closed') return;
    const packet: Packet = { type, data, options: { ...options, compress: options?.compress !== false } };
    this.emitReserved('packetCreate', packet);
    this.writeBuffer.push(packet);
    this.#bufferedBytes += sizeOf(data);
    if (callback) this.once('flush', callback);
    this.flush();
  }

  #takeFitting(): Packet[] {
    const { writeBuffer, transport } = this;
    const max = this.#maxPayload;
    const isBounded = max && transport.name === 'polling' && writeBuffer.length > 1;
    if (!isBounded) return writeBuffer.slice();
    // A blob counts by its size, and is read only when it is sent.
    const sized = writeBuffer.map(({ type, data }) => ({
      type,
      data: isBlob(data) ? ({ length: data.size } as Uint8Array) : toPacketData(data),
    }));
    return writeBuffer.slice(0, countFitting(natives, sized, max));
  }

  #drained(): void {
    for (const { data } of this.writeBuffer.splice(0, this.#inFlight)) this.#bufferedBytes -= sizeOf(data);
    this.#inFlight = 0;
    if (this.writeBuffer.length > 0) {
      this.flush();
      return;
    }
    // What was given away meanwhile counts for less than it did.
    this.#bufferedBytes = 0;
    this.emitReserved('drain');
    this.finishClosing();
  }

  #onError(error: TransportError | Error): void {
    if (this.readyState === 'closed') return;
    SocketWithoutUpgrade.priorWebsocketSuccess = false;
    if (this.opts.tryAllTransports && this.transports.length > 1 && this.readyState === 'opening') {
      this.#dropTransport();
      this.transports.shift();
      this.#open();
      return;
    }
    this.emitGuarded('error', error);
    this._onClose('transport error', error);
  }

  /** Closes the transport; what it reports after that is nobody's. */
  #dropTransport(): void {
    const transport = this.transport as Transport | undefined;
    transport?.off();
    transport?.close();
  }

  #listen(event: string, listener: () => void): void {
    globals.addEventListener?.(event, listener);
    this.#unlisten.push(() => globals.removeEventListener?.(event, listener));
  }
}

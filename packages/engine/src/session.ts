import type { IncomingMessage } from 'node:http';
import {
  createHeartbeat,
  type Heartbeat,
  type HeartbeatHandler,
  type Packet,
  type Version,
  VIOLATIONS,
  type ViolationCode,
} from '@hawser/protocol/engineio';
import { CloseCode } from '@hawser/protocol/websocket';
import { inThisContext, type RosterMember } from '@hawser/ws/internal';
import type { BaseServer } from './base-server.ts';
import { EngineError } from './errors.ts';
import { LazyEmitter } from './lazy-emitter.ts';
import {
  controlPacket,
  countFitting,
  NO_OPTIONS,
  type OutgoingPacket,
  type RawData,
  type SendCallback,
  type SendOptions,
  toPacketData,
  weightOf,
} from './packet.ts';
import { PreparedMessage } from './prepared-message.ts';
import type { CloseReason, SessionConsumer } from './session-consumer.ts';
import type { SessionHost } from './session-host.ts';
import type { CloseDescription, CloseNotice, Transport, TransportHandler } from './transport.ts';
import { Upgrade, type UpgradeHost } from './upgrade.ts';

type ReadyState = 'opening' | 'open' | 'closing' | 'closed';

/**
 * So many times in a row a client is kept for its connection's own answers, while its program says nothing: four
 * minutes with the default heartbeat. Browsers let a page in the background act once a minute.
 */
const MAX_PROBES = 8;

/**
 * One session: what a client is to the server, whatever carries it.
 *
 * | state   | event                                    | next    | then                                     |
 * | ------- | ---------------------------------------- | ------- | ---------------------------------------- |
 * | open    | `close()`                                | closing | closed, when what waits has been sent    |
 * | open    | the transport ends or breaks, silence, … | closed  | `close(reason, description)`             |
 * | closing | the transport took everything            | closed  | `close('forced close')`                  |
 * | closing | it does not, whatever the client says    | closed  | `close('ping timeout')`                  |
 * | closing | `close(true)`                            | closed  | `close('forced close')`, nothing waits   |
 */
export class Socket
  extends LazyEmitter
  implements TransportHandler, HeartbeatHandler, UpgradeHost, RosterMember
{
  readonly id: string;
  /** The version of Engine.IO that the client speaks. */
  readonly protocol: Version;
  /** The first request of the session, with the headers and cookies that came with it; `null` for WebTransport. */
  request: IncomingMessage;
  /** The IP address of the client, behind a proxy the proxy's. */
  readonly remoteAddress: string;
  /** What carries the session now. */
  transport: Transport;
  /** The session moved to a better transport. */
  upgraded = false;
  /** @internal It hears everything before the listeners do. */
  consumer: SessionConsumer | null = null;
  /** @internal */
  rosterIndex = -1;
  readonly #host: SessionHost;
  readonly #heartbeat: Heartbeat;
  #readyState: ReadyState = 'opening';
  /** Made when it is needed: an idle session has none. */
  #writeBuffer: OutgoingPacket[] | null = null;
  #writeBufferBytes = 0;
  #upgrade: Upgrade | null = null;
  /** Since the last packet. */
  #probes = 0;

  /** @internal Made by the server. */
  constructor(
    id: string,
    host: SessionHost,
    transport: Transport,
    request: IncomingMessage | null,
    remoteAddress: string,
  ) {
    super();
    this.id = id;
    this.protocol = transport.protocol;
    this.request = request as IncomingMessage;
    this.remoteAddress = remoteAddress;
    this.transport = transport;
    this.#host = host;
    this.#heartbeat = createHeartbeat('server', transport.protocol, host.sweep.timing, this);
    transport.handler = this;
    transport.sid = id;
  }

  get readyState(): ReadyState {
    return this.#readyState;
  }

  /** Packets that wait for the transport. */
  get writeBuffer(): OutgoingPacket[] {
    this.#writeBuffer ??= [];
    return this.#writeBuffer;
  }

  /** A transport is being tried. */
  get upgrading(): boolean {
    return this.#upgrade !== null;
  }

  /** The server that the session is one of. */
  get server(): BaseServer {
    return this.#host.server;
  }

  /** Bytes that wait in memory to be sent: here, where each message costs 128 of its own, and in the transport. */
  get bufferedBytes(): number {
    return this.#writeBufferBytes + this.transport.bufferedBytes;
  }

  /** @internal Begins: the handshake is the first thing that goes out. */
  open(): void {
    this.#readyState = 'open';
    const { pingInterval, pingTimeout, maxHttpBufferSize, initialPacket, handshakeExtras } = this.#host.opts;
    const handshake = {
      sid: this.id,
      upgrades: this.#host.upgradesFrom(this.transport),
      pingInterval,
      pingTimeout,
      maxPayload: maxHttpBufferSize,
    };
    this.#send(controlPacket('open', this.#host.handshakes.encode(handshake, handshakeExtras)));
    if (initialPacket) this.#send(controlPacket('message', toPacketData(initialPacket)));
    // That it opened is heard now, not when somebody asks.
    this.transport.takeHeard();
    this.#heartbeat.tick(Math.floor(performance.now()));
    this.emit('open');
  }

  /**
   * Sends a message.
   *
   * @param data - large bytes are borrowed until they are written, as with `stream.write`
   * @param options - how; or `callback`
   * @param callback - called when the message was handed to the kernel, never if it was not
   */
  send(
    data: RawData | PreparedMessage,
    options?: SendOptions | SendCallback<Transport> | null,
    callback?: SendCallback<Transport>,
  ): this {
    if (typeof options === 'function') {
      callback = options;
      options = null;
    }
    if (this.#isEnding()) return this;
    const isPrepared = data instanceof PreparedMessage;
    if (isPrepared && callback === undefined && (options === undefined || options === null)) {
      this.#send(data.packet);
      return this;
    }
    const payload = isPrepared ? data.data : toPacketData(data);
    this.#send({
      type: 'message',
      data: payload,
      options: options ?? NO_OPTIONS,
      callback: callback === undefined ? null : inThisContext(() => callback(this.transport)),
      prepared: isPrepared ? data : this.#preparedFor(options?.wsPreEncodedFrame, payload),
    });
    return this;
  }

  /** As {@link send}. */
  write(
    data: RawData | PreparedMessage,
    options?: SendOptions | SendCallback<Transport> | null,
    callback?: SendCallback<Transport>,
  ): this {
    return this.send(data, options, callback);
  }

  /**
   * Closes the session, when what waits has been sent.
   * @param discard - at once, whatever waits
   */
  close(discard?: boolean): void {
    if (discard && (this.#readyState === 'open' || this.#readyState === 'closing')) {
      this.transport.discard();
      this.#closeTransport();
    } else if (this.#readyState === 'open') {
      this.#readyState = 'closing';
      if (!this.#isWaiting()) this.#closeTransport();
    }
  }

  /** @internal Ends the session at once, and says why: to both ends in the words of `error`, at most 123 bytes. */
  abort(reason: CloseReason, error: Error, code: number): void {
    this.#end(reason, error, { code, reason: error.message });
  }

  /** @internal Tries to move to `candidate`; returns `false` where that is not on. */
  tryUpgrade(candidate: Transport): boolean {
    const isOffered = this.#host.upgradesFrom(this.transport).includes(candidate.name);
    if (this.#upgrade !== null || this.#readyState !== 'open' || !isOffered) return false;
    this.#upgrade = new Upgrade(this, candidate, this.#host.opts.upgradeTimeout);
    return true;
  }

  /** @internal When the client has to be taken for gone. */
  get silenceAtMs(): number {
    return this.#heartbeat.silenceAtMs();
  }

  /** @internal Takes in that time passed. */
  tick(nowMs: number): void {
    // While it closes, what the client says is no reason to wait any longer for it to take the rest.
    if (this.#readyState === 'open' && this.transport.takeHeard()) this.#heartbeat.markAlive(nowMs);
    this.#heartbeat.tick(nowMs);
  }

  /** @internal */
  onPacket(packet: Packet): void {
    if (this.#readyState !== 'open') return;
    this.#probes = 0;
    if (this.isHeard) this.emit('packet', packet);
    const violation = this.#heartbeat.receivePacket(packet, this.#host.sweep.nowMs);
    if (violation !== null) {
      this.#end('transport error', new EngineError(violation, VIOLATIONS[violation]), {
        code: CloseCode.PROTOCOL_ERROR,
        reason: VIOLATIONS[violation],
      });
    } else if (packet.type === 'message') {
      this.consumer?.onMessage(packet.data);
      if (this.isHeard) {
        this.emit('data', packet.data);
        this.emit('message', packet.data);
      }
    } else if (packet.type === 'ping' || packet.type === 'pong') {
      this.emit('heartbeat');
    } else if (packet.type === 'noop') {
      this.consumer?.onNoop(packet.data);
    }
  }

  /** @internal */
  onReady(): void {
    this.#flush();
    this.#announceWritable();
  }

  /** @internal */
  onTransportClose(description: CloseDescription | undefined): void {
    this.#end('transport close', description);
  }

  /** @internal */
  onTransportError(error: EngineError, notice: CloseNotice | null): void {
    this.#end('transport error', error, notice);
  }

  /** @internal */
  onViolation(code: ViolationCode): void {
    const reason = VIOLATIONS[code];
    this.#end('parse error', new EngineError(code, reason), { code: CloseCode.PROTOCOL_ERROR, reason });
  }

  /** @internal */
  sendHeartbeat(type: 'ping' | 'pong', data: string | Uint8Array): void {
    this.#send(controlPacket(type, data));
  }

  /** @internal */
  onSilence(): void {
    const reason = 'ping timeout';
    this.#end(reason, undefined, { code: CloseCode.POLICY_VIOLATION, reason });
  }

  /** @internal */
  onDoubt(): void {
    if (this.#probes++ < MAX_PROBES) this.transport.probe();
  }

  /** @internal */
  onUpgrading(candidate: Transport): void {
    this.emit('upgrading', candidate);
  }

  /** @internal */
  flushPolling(): void {
    this.transport.release();
  }

  /** @internal */
  onUpgraded(candidate: Transport): void {
    const previous = this.transport;
    this.#upgrade = null;
    this.transport = candidate;
    candidate.handler = this;
    candidate.sid = this.id;
    previous.handler = null;
    previous.release();
    previous.discard();
    previous.close();
    // A close that waited for one more poll has ended the session, as there will be none.
    if (this.readyState === 'closed') return;
    this.upgraded = true;
    this.emit('upgrade', candidate);
    this.#flush();
    this.#announceWritable();
    if (this.#readyState === 'closing') this.#closeTransport();
  }

  /** @internal */
  onUpgradeFailed(): void {
    this.#upgrade = null;
  }

  /** Its last words are said. A method: a private getter is a call of V8's runtime, here for each message. */
  #isEnding(): boolean {
    return this.#readyState === 'closing' || this.#readyState === 'closed';
  }

  #isWaiting(): boolean {
    return this.#writeBuffer !== null && this.#writeBuffer.length > 0;
  }

  #preparedFor(frame: object | undefined, payload: string | Uint8Array): PreparedMessage | null {
    return frame === undefined ? null : this.#host.preparedFor(frame, payload);
  }

  #send(packet: OutgoingPacket): void {
    if (this.#isEnding()) return;
    if (this.isHeard) this.emit('packetCreate', packet);
    if (this.transport.writable && !this.#isWaiting()) {
      this.#hand(packet);
    } else {
      this.#queue(packet);
      this.#flush();
    }
  }

  #queue(packet: OutgoingPacket): void {
    const { maxBufferedBytes } = this.#host.opts;
    const weight = weightOf(packet.data);
    const { bufferedBytes } = this;
    if (bufferedBytes > 0 && bufferedBytes + weight > maxBufferedBytes) {
      const reason = `slow consumer: over ${maxBufferedBytes} bytes would wait to be sent`;
      const error = new EngineError('EIO_ERR_SLOW_CONSUMER', reason, { limit: maxBufferedBytes });
      this.#end('transport error', error, { code: CloseCode.POLICY_VIOLATION, reason });
      return;
    }
    this.writeBuffer.push(packet);
    this.#writeBufferBytes += weight;
  }

  #flush(): void {
    if (this.#readyState === 'closed' || !this.transport.writable || !this.#isWaiting()) return;
    this.#handAll(this.#takeWaiting());
    if (this.#readyState === 'closing' && !this.#isWaiting()) this.#closeTransport();
  }

  /**
   * Takes out what waits: as much as the transport takes at a time. All that is sent again to who comes back over a
   * slow line would leave no room for a ping, in one response.
   */
  #takeWaiting(): OutgoingPacket[] {
    const packets = this.#writeBuffer!;
    const count = countFitting(packets, this.transport.roomBytes);
    if (count === packets.length) {
      this.#writeBuffer = null;
      this.#writeBufferBytes = 0;
      return packets;
    }
    const taken = packets.splice(0, count);
    for (const { data } of taken) this.#writeBufferBytes -= weightOf(data);
    return taken;
  }

  #announceWritable(): void {
    if (this.#readyState === 'open' && this.transport.writable) this.consumer?.onWritable();
  }

  #handAll(packets: OutgoingPacket[]): void {
    this.#announceFlush(packets);
    // What others put into the `writeBuffer` may have less to it.
    for (const packet of packets) this.transport.send({ ...controlPacket(packet.type), ...packet });
    this.#announceDrain();
  }

  /** As `#handAll`, without a list where nobody listens to it (`node bench/src/micro/engine.mjs`). */
  #hand(packet: OutgoingPacket): void {
    const { server } = this.#host;
    if (this.isHeard || server.listenerCount('flush') > 0) this.#announceFlush([packet]);
    this.transport.send(packet);
    this.#announceDrain();
  }

  #announceFlush(packets: OutgoingPacket[]): void {
    this.emit('flush', packets);
    this.#host.server.emit('flush', this, packets);
  }

  #announceDrain(): void {
    const { server } = this.#host;
    if (this.isHeard) this.emit('drain');
    if (server.listenerCount('drain') > 0) server.emit('drain', this);
  }

  #closeTransport(): void {
    this.transport.close(() => this.#end('forced close', undefined));
  }

  #end(
    reason: CloseReason,
    description: Error | CloseDescription | undefined,
    notice: CloseNotice | null = null,
  ): void {
    if (this.#readyState === 'closed') return;
    this.#readyState = 'closed';
    const { transport } = this;
    const upgrade = this.#upgrade;
    this.#upgrade = null;
    transport.handler = null;
    transport.discard();
    transport.close(undefined, notice);
    upgrade?.abandon();
    this.#host.sessionClosed(this, notice);
    // Who is told of the close still sees what was not sent.
    this.consumer?.onClose(reason, description);
    this.emit('close', reason, description);
    this.#writeBuffer = null;
    this.#writeBufferBytes = 0;
  }
}

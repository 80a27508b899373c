import { CloseCode } from '@hawser/protocol/websocket';
import { attempt, inThisContext, throwLater } from '@hawser/ws/internal';
import { EngineError } from './errors.ts';
import { LazyEmitter } from './lazy-emitter.ts';
import {
  countFilling,
  NO_OPTIONS,
  type OutgoingPacket,
  type RawData,
  type SendCallback,
  type SendOptions,
  toPacketData,
  weightOf,
} from './packet.ts';
import { PreparedMessage } from './prepared-message.ts';
import type { CloseReason } from './session-consumer.ts';
import type { SessionHost } from './session-host.ts';
import type { CloseDescription, CloseNotice, Transport } from './transport.ts';

export type ReadyState = 'opening' | 'open' | 'closing' | 'closed';

/** Who takes what it is sent now, whatever waits: one may be closed by a listener of another. */
const takingAll = new Set<SessionOutput>();

/** Whose listeners are being told that there is room, and how often they have to be. */
const dueDrains = new Map<SessionOutput, number>();

/** Packets with options that are theirs alone. */
const withOwn = new WeakSet<OutgoingPacket>();

/** What a session sends: it goes to the transport, or waits for it, in order and within a bound. */
export abstract class SessionOutput extends LazyEmitter {
  /** What carries the session now. */
  transport: Transport;
  /** @internal */
  protected readonly host: SessionHost;
  /** @internal */
  protected _readyState: ReadyState = 'opening';
  /** Made when it is needed: an idle session has none. */
  #writeBuffer: OutgoingPacket[] | null = null;
  #writeBufferBytes = 0;
  /** While listeners are told of packets that are about to be sent: what they send, which comes behind those. */
  #behindFlush: OutgoingPacket[] | null = null;

  constructor(host: SessionHost, transport: Transport) {
    super();
    this.transport = transport;
    this.host = host;
  }

  /** Packets that wait for the transport. */
  get writeBuffer(): OutgoingPacket[] {
    this.#writeBuffer ??= [];
    return this.#writeBuffer;
  }

  /** Bytes that wait in memory to be sent: here, where each message costs 128 of its own, and in the transport. */
  get bufferedBytes(): number {
    return this.#waitingBytes() + this.transport.bufferedBytes;
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
    // Whatever else is given in its place is none, as engine.io has it.
    const onSent = typeof callback === 'function' ? callback : null;
    const isPrepared = data instanceof PreparedMessage;
    if (isPrepared && onSent === null && (options === undefined || options === null)) {
      this.sendPacket(data.packet);
      return this;
    }
    const payload = isPrepared ? data.data : toPacketData(data);
    this.sendPacket({
      type: 'message',
      data: payload,
      options: options ?? NO_OPTIONS,
      callback: onSent === null ? null : inThisContext(() => onSent(this.transport)),
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

  /** @internal */
  protected abstract end(
    reason: CloseReason,
    description: Error | CloseDescription | undefined,
    notice?: CloseNotice | null,
  ): void;

  /** @internal */
  protected sendPacket(packet: OutgoingPacket): void {
    if (this.#isEnding()) return;
    const isCreationHeard = this.isHeard && this.listenerCount('packetCreate') > 0;
    if (isCreationHeard) {
      packet = withOwnOptions(packet);
      this.emit('packetCreate', packet);
      // By a listener: nothing would send it, nor forget it.
      if (this._readyState === 'closed') return;
    }
    if (!this.transport.writable || this.isWaiting()) {
      this.#queue(packet);
      this.flush();
    } else if (this.#isFlushHeard()) {
      this.#handHeard([packet]);
      this.flush();
      this.closeOnceSent();
    } else {
      // Without a list where nobody listens to it (`node bench/src/micro/engine.mjs`).
      this.transport.send(isCreationHeard ? completed(packet) : packet);
      this.#announceDrain();
    }
  }

  /** @internal */
  protected flush(): void {
    if (!this.#canFlush()) return;
    // More than once where listeners send meanwhile.
    do {
      const packets = this.#takeWaiting();
      if (this.#isFlushHeard()) this.#handHeard(packets);
      else this.#handAll(packets);
    } while (this.#canFlush());
    this.closeOnceSent();
  }

  /** @internal */
  protected isWaiting(): boolean {
    return this.#behindFlush !== null || (this.#writeBuffer !== null && this.#writeBuffer.length > 0);
  }

  /** @internal Runs `send`: what it sends was in memory before, and has no bound of ours. */
  protected takeAll(send: () => void): void {
    takingAll.add(this);
    attempt(send);
    takingAll.delete(this);
  }

  /** @internal */
  protected get isTakingAll(): boolean {
    return takingAll.has(this);
  }

  /** @internal Has all that was not sent where programs see it: within a flush some is elsewhere. */
  protected gatherWaiting(): void {
    if (this.#behindFlush !== null) this.#writeBuffer = [...this.writeBuffer, ...this.#behindFlush];
  }

  /** @internal What waits will not be sent. */
  protected dropWaiting(): void {
    this.#writeBuffer = null;
    this.#writeBufferBytes = 0;
  }

  /** Its last words are said. A method: a private getter is a call of V8's runtime, here for each message. */
  #isEnding(): boolean {
    return this._readyState === 'closing' || this._readyState === 'closed';
  }

  #preparedFor(frame: object | undefined, payload: string | Uint8Array): PreparedMessage | null {
    return frame === undefined ? null : this.host.preparedFor(frame, payload);
  }

  #queue(packet: OutgoingPacket): void {
    const { maxBufferedBytes } = this.host.opts;
    const weight = weightOf(packet.data);
    if (!this.isTakingAll && this.#isOver(maxBufferedBytes - weight)) {
      const reason = `slow consumer: over ${maxBufferedBytes} bytes would wait to be sent`;
      const error = new EngineError('EIO_ERR_SLOW_CONSUMER', reason, { limit: maxBufferedBytes });
      this.end('transport error', error, { code: CloseCode.POLICY_VIOLATION, reason });
      return;
    }
    this.#writeBufferBytes = this.#waitingBytes() + weight;
    (this.#behindFlush ?? this.writeBuffer).push(packet);
  }

  /** Tells whether more than so many bytes wait. */
  #isOver(limit: number): boolean {
    if (this.bufferedBytes === 0 || this.bufferedBytes <= limit) return false;
    // Programs may have taken some out of the `writeBuffer`.
    this.#writeBufferBytes = 0;
    for (const list of [this.#writeBuffer, this.#behindFlush]) {
      for (const { data } of list ?? []) this.#writeBufferBytes += weightOf(data);
    }
    return this.bufferedBytes > limit;
  }

  #waitingBytes(): number {
    return this.isWaiting() ? this.#writeBufferBytes : 0;
  }

  /**
   * Takes out what waits: as much as the transport takes at a time. All that is sent again to who comes back over a
   * slow line would leave no room for a ping, in one response.
   */
  #takeWaiting(): OutgoingPacket[] {
    const packets = this.#writeBuffer!;
    const count = countFilling(packets, this.transport.roomBytes);
    if (count === packets.length) {
      this.#writeBuffer = null;
      this.#writeBufferBytes = 0;
      return packets;
    }
    const taken = packets.splice(0, count);
    for (const { data } of taken) this.#writeBufferBytes -= weightOf(data);
    // Programs may have put some in.
    this.#writeBufferBytes = Math.max(0, this.#writeBufferBytes);
    return taken;
  }

  #isFlushHeard(): boolean {
    const isHeardHere = this.isHeard && this.listenerCount('flush') > 0;
    return isHeardHere || this.host.server.listenerCount('flush') > 0;
  }

  #canFlush(): boolean {
    const { writable, roomBytes } = this.transport;
    const isStopped = this.#behindFlush !== null || this._readyState === 'closed';
    return !isStopped && this.isWaiting() && writable && roomBytes >= 0;
  }

  /** As `#handAll`, of what listeners are told of first. They find it in the `writeBuffer` too, and may change it. */
  #handHeard(packets: OutgoingPacket[]): void {
    for (let i = 0; i < packets.length; i++) packets[i] = withOwnOptions(packets[i]!);
    const behind = this.#writeBuffer ?? [];
    this.#writeBuffer = packets;
    this.#behindFlush = behind;
    try {
      this.#announceFlush(packets);
    } finally {
      this.#behindFlush = null;
    }
    if (this._readyState === 'closed') return;
    this.#writeBuffer = behind;
    this.#handAll(packets);
  }

  /** @internal */
  protected closeOnceSent(): void {
    if (this._readyState !== 'closing' || this.isWaiting()) return;
    this.transport.close(() => this.end('forced close', undefined));
  }

  #handAll(packets: readonly OutgoingPacket[]): void {
    for (const packet of packets) this.transport.send(completed(packet));
    this.#announceDrain();
  }

  /** What its listeners throw does not keep the packets from being sent. */
  #announceFlush(packets: OutgoingPacket[]): void {
    try {
      this.emit('flush', packets);
      this.host.server.emit('flush', this, packets);
    } catch (error) {
      throwLater(error);
    }
  }

  /** A listener may send what comes next: that there is room for it, too, is told when the listener is done. */
  #announceDrain(): void {
    const isHeardHere = this.isHeard && this.listenerCount('drain') > 0;
    if (!isHeardHere && this.host.server.listenerCount('drain') === 0) return;
    const due = dueDrains.get(this) ?? 0;
    dueDrains.set(this, due + 1);
    if (due > 0) return;
    for (let told = 0; told < dueDrains.get(this)! && this._readyState !== 'closed'; told++)
      this.#tellDrain();
    dueDrains.delete(this);
  }

  /** What its listeners throw does not keep a session that closes from doing so. */
  #tellDrain(): void {
    try {
      this.emit('drain');
      this.host.server.emit('drain', this);
    } catch (error) {
      throwLater(error);
    }
  }
}

/** Returns a packet whose options a listener may change: plain ones are shared by many. It stays the same from then on. */
function withOwnOptions(packet: OutgoingPacket): OutgoingPacket {
  const options = packet.options ?? NO_OPTIONS;
  if (withOwn.has(packet) || Object.getPrototypeOf(options) !== Object.prototype) return packet;
  const own = { ...packet, options: { ...options, compress: options.compress !== false } };
  withOwn.add(own);
  return own;
}

/** Returns a packet with all that is in one: what others put into the `writeBuffer`, or made of another, may have less. */
function completed({ type, data, options, callback, prepared }: Partial<OutgoingPacket>): OutgoingPacket {
  return {
    type: type ?? 'message',
    data: toPacketData(data),
    options: options ?? NO_OPTIONS,
    callback: callback ?? null,
    prepared: prepared ?? null,
  };
}

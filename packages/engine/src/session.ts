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
import { CloseCode, MAX_CLOSE_REASON_BYTES } from '@hawser/protocol/websocket';
import { attempt, type RosterMember } from '@hawser/ws/internal';
import type { BaseServer } from './base-server.ts';
import { EngineError } from './errors.ts';
import { controlPacket, toPacketData } from './packet.ts';
import type { CloseReason, SessionConsumer } from './session-consumer.ts';
import type { SessionHost } from './session-host.ts';
import { type ReadyState, SessionOutput } from './session-output.ts';
import type { CloseDescription, CloseNotice, Transport, TransportHandler } from './transport.ts';
import { Upgrade, type UpgradeHost } from './upgrade.ts';

/**
 * So many times in a row a client is kept for its connection's own answers, while its program says nothing: four
 * minutes with the default heartbeat. Browsers let a page in the background act once a minute.
 */
const MAX_PROBES = 8;

const ENCODER = new TextEncoder();

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
  extends SessionOutput
  implements TransportHandler, HeartbeatHandler, UpgradeHost, RosterMember
{
  readonly id: string;
  /** The version of Engine.IO that the client speaks. */
  readonly protocol: Version;
  /** The first request of the session, with the headers and cookies that came with it; `null` for WebTransport. */
  request: IncomingMessage;
  /** The IP address of the client, behind a proxy the proxy's. */
  readonly remoteAddress: string;
  /** The session moved to a better transport. */
  upgraded = false;
  /** @internal It hears everything before the listeners do. */
  consumer: SessionConsumer | null = null;
  /** @internal */
  rosterIndex = -1;
  readonly #heartbeat: Heartbeat;
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
    super(host, transport);
    this.id = id;
    this.protocol = transport.protocol;
    this.request = request as IncomingMessage;
    this.remoteAddress = remoteAddress;
    this.#heartbeat = createHeartbeat('server', transport.protocol, host.sweep.timing, this);
    transport.handler = this;
    transport.sid = id;
  }

  get readyState(): ReadyState {
    return this._readyState;
  }

  /** A transport is being tried. */
  get upgrading(): boolean {
    return this.#upgrade !== null;
  }

  /** The server that the session is one of. */
  get server(): BaseServer {
    return this.host.server;
  }

  /** @internal Begins: the handshake is the first thing that goes out. */
  open(): void {
    this._readyState = 'open';
    const { pingInterval, pingTimeout, maxHttpBufferSize, initialPacket, handshakeExtras } = this.host.opts;
    const handshake = {
      sid: this.id,
      upgrades: this.host.upgradesFrom(this.transport),
      pingInterval,
      pingTimeout,
      maxPayload: maxHttpBufferSize,
    };
    this.sendPacket(controlPacket('open', this.host.handshakes.encode(handshake, handshakeExtras)));
    if (initialPacket) this.sendPacket(controlPacket('message', toPacketData(initialPacket)));
    // That it opened is heard now, not when somebody asks.
    this.transport.takeHeard();
    this.#heartbeat.tick(Math.floor(performance.now()));
    this.emit('open');
  }

  /**
   * Closes the session, when what waits has been sent.
   * @param discard - at once, whatever waits
   */
  close(discard?: boolean): void {
    if (discard && (this._readyState === 'open' || this._readyState === 'closing')) {
      this.end('forced close', undefined);
      return;
    }
    // A listener to what is sent last may do so again.
    if (this._readyState !== 'open' || this.isTakingAll) return;
    this.takeAll(() => this.consumer?.onClosing?.());
    if (this.readyState !== 'open') return;
    this._readyState = 'closing';
    this.closeOnceSent();
  }

  /** @internal Ends the session at once, and says why: to both ends in the words of `error`, the peer gets 123 bytes. */
  abort(reason: CloseReason, error: Error, code: number): void {
    this.end(reason, error, { code, reason: cutReason(error.message) });
  }

  /** @internal Tries to move to `candidate`; returns `false` where that is not on. */
  tryUpgrade(candidate: Transport): boolean {
    const isOffered = this.host.upgradesFrom(this.transport).includes(candidate.name);
    if (this.#upgrade !== null || this._readyState !== 'open' || !isOffered) return false;
    this.#upgrade = new Upgrade(this, candidate, this.host.opts.upgradeTimeout);
    return true;
  }

  /** @internal When the client has to be taken for gone. */
  get silenceAtMs(): number {
    return this.#heartbeat.silenceAtMs();
  }

  /** @internal Takes in that time passed. */
  tick(nowMs: number): void {
    // While it closes, what the client says is no reason to wait any longer for it to take the rest.
    if (this._readyState === 'open' && this.transport.takeHeard()) this.#heartbeat.markAlive(nowMs);
    this.#heartbeat.tick(nowMs);
  }

  /** @internal */
  onPacket(packet: Packet): void {
    if (this._readyState !== 'open') return;
    this.#probes = 0;
    if (this.isHeard) this.emit('packet', packet);
    const violation = this.#heartbeat.receivePacket(packet, this.host.sweep.nowMs);
    if (violation !== null) {
      this.end('transport error', new EngineError(violation, VIOLATIONS[violation]), {
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
    this.flush();
    this.#announceWritable();
    if (this.#upgrade !== null && this.#isPollIdle()) this.#upgrade.pollWaits();
  }

  /** @internal */
  onTransportClose(description: CloseDescription | undefined): void {
    this.end('transport close', description);
  }

  /** @internal */
  onTransportError(error: EngineError, notice: CloseNotice | null): void {
    this.end('transport error', error, notice);
  }

  /** @internal */
  onViolation(code: ViolationCode): void {
    const reason = VIOLATIONS[code];
    this.end('parse error', new EngineError(code, reason), { code: CloseCode.PROTOCOL_ERROR, reason });
  }

  /** @internal */
  sendHeartbeat(type: 'ping' | 'pong', data: string | Uint8Array): void {
    this.sendPacket(controlPacket(type, data));
  }

  /** @internal */
  onSilence(): void {
    const reason = 'ping timeout';
    this.end(reason, undefined, { code: CloseCode.POLICY_VIOLATION, reason });
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
    this.flush();
    this.#announceWritable();
    this.closeOnceSent();
  }

  /** @internal */
  onUpgradeFailed(): void {
    this.#upgrade = null;
  }

  /** The transport has nothing to answer a poll with, and will have no close either. */
  #isPollIdle(): boolean {
    const { writable, bufferedBytes } = this.transport;
    return this._readyState === 'open' && writable && bufferedBytes === 0;
  }

  #announceWritable(): void {
    if (this._readyState === 'open' && this.transport.writable) this.consumer?.onWritable();
  }

  /** @internal */
  protected override end(
    reason: CloseReason,
    description: Error | CloseDescription | undefined,
    notice: CloseNotice | null = null,
  ): void {
    if (this._readyState === 'closed') return;
    this._readyState = 'closed';
    const { transport } = this;
    const upgrade = this.#upgrade;
    this.#upgrade = null;
    transport.handler = null;
    // Listeners and foreign transports may throw: everybody else is still told, and nothing of the session is kept.
    attempt(() => {
      transport.discard();
      transport.close(undefined, notice);
    });
    attempt(() => upgrade?.abandon());
    this.host.sessionClosed(this, notice);
    // Who is told of the close still sees what was not sent.
    this.gatherWaiting();
    attempt(() => this.consumer?.onClose(reason, description));
    attempt(() => this.emit('close', reason, description));
    this.dropWaiting();
  }
}

/** Returns as much of `text` as a close frame has room for, in whole characters. */
function cutReason(text: string): string {
  const { read } = ENCODER.encodeInto(text, new Uint8Array(MAX_CLOSE_REASON_BYTES));
  return text.slice(0, read);
}

import { CodecV4 } from '@hawser/protocol/engineio';
import { natives, nextTick, toBinary } from '#platform';
import { Emitter } from '../emitter.ts';
import type { AnyValue } from '../events.ts';
import { MAX_PAYLOAD_BYTES, type SocketOptions } from './options.ts';
import type { BinaryType, Packet, RawData, Sending } from './packet.ts';
import type { CookieJar } from './platform.ts';
import { installTimerFunctions, type Timers } from './timers.ts';
import { encodeQuery } from './uri.ts';

/** Bounds what a poll of `maxPayload` bytes can become in memory. */
const MAX_PACKETS = 1_000_000;

/** Close codes of a peer that found fault with us, and what each says (RFC 6455 section 7.4.1). */
export const FAULTS: Readonly<Record<number, string>> = {
  1002: 'protocol error',
  1003: 'unsupported data',
  1007: 'invalid data',
  1008: 'policy violation',
  1009: 'message too big',
  1011: 'server error',
};

/** What failed in a transport. */
export class TransportError extends Error {
  readonly type = 'TransportError';
  /** More about it: a status, an event, an error. */
  declare readonly description: AnyValue;
  /** The request or the event that it came with. */
  declare readonly context: AnyValue;

  constructor(reason: string, description: unknown, context?: unknown) {
    super(reason);
    this.description = description;
    this.context = context;
  }
}

/** How a connection came to its end. */
export interface CloseDetails {
  description: string;
  context?: unknown;
}

export interface TransportReservedEvents {
  open: () => void;
  error: (err: TransportError) => void;
  packet: (packet: Packet) => void;
  close: (details?: CloseDetails) => void;
  poll: () => void;
  pollComplete: () => void;
  drain: () => void;
  /** A part of an answer came in. */
  progress: () => void;
}

type TransportState = 'opening' | 'open' | 'closed' | 'pausing' | 'paused';

/** What a transport needs to know of its session. */
export interface TransportSocket {
  readonly binaryType: BinaryType;
  readonly _cookieJar?: CookieJar | undefined;
}

/** What a session gives a transport. */
export interface TransportOptions extends SocketOptions {
  readonly socket: TransportSocket;
  readonly query: Record<string, string>;
}

/** Something that carries packets: polling, WebSocket, WebTransport, or a class of the program's own. */
export abstract class Transport
  extends Emitter<Record<never, never>, Record<never, never>, TransportReservedEvents>
  implements Sending
{
  // Declared: what the constructor sets would be there twice in bundles.
  declare query: Record<string, string>;
  /** Packets can be sent now. */
  writable = false;
  /** @internal */
  declare unsent?: number;
  /** @internal */
  declare unsendable?: Packet | undefined;
  declare setTimeoutFn: Timers['setTimeoutFn'];
  declare clearTimeoutFn: Timers['clearTimeoutFn'];
  declare protected opts: TransportOptions;
  declare protected supportsBinary: boolean;
  declare protected readyState?: TransportState;
  declare protected socket: TransportSocket;
  /** Most bytes that are taken at a time. */
  declare protected readonly maxPayload: number;
  declare protected readonly codec: CodecV4;

  constructor(options: AnyValue) {
    super();
    installTimerFunctions(this, options);
    this.opts = options;
    this.query = options.query;
    this.socket = options.socket;
    this.supportsBinary = !options.forceBase64;
    this.maxPayload = this.opts.maxPayload ?? MAX_PAYLOAD_BYTES;
    this.codec = new CodecV4(natives, { maxPayloadLength: this.maxPayload, maxPackets: MAX_PACKETS });
  }

  abstract get name(): string;

  /** Bytes that were taken over and are still here. */
  get bufferedAmount(): number {
    return 0;
  }

  /** Connects. */
  open(): this {
    this.readyState = 'opening';
    try {
      this.doOpen();
    } catch (error) {
      // Not within the constructor of the session, where nobody listens yet.
      nextTick(() => this.emitReserved('error', error as never));
    }
    return this;
  }

  /** Disconnects. */
  close(): this {
    if (this.readyState && this.readyState !== 'closed') {
      this.doClose();
      this.onClose();
    }
    return this;
  }

  /** What is sent now is lost, though nothing was reported yet. */
  get isEnding(): boolean {
    return false;
  }

  /** Sends packets; only while `writable`. */
  send(packets: Packet[]): void {
    if (this.readyState === 'open') this.write(packets);
  }

  /** Comes to rest, so that nothing is lost while the session moves to another transport. */
  pause(onPause: () => void): void {
    onPause();
  }

  /** Goes on after `pause`. */
  resume(): void {}

  protected onError(reason: string, description?: unknown, context?: unknown): this {
    this.emitReserved('error', new TransportError(reason, description, context));
    return this;
  }

  protected onOpen(): void {
    this.readyState = 'open';
    this.writable = true;
    this.emitReserved('open');
  }

  /** Takes in one packet as it is on a WebSocket. */
  protected onData(data: RawData): void {
    const packet = this.codec.decodeFrame(data);
    if (typeof packet === 'string') this.onError('server error', packet);
    else this.onPacket(this.handOut(packet));
  }

  /** Returns a decoded packet with its data as the program wants it. */
  protected handOut(packet: Packet): Packet {
    const { type, data } = packet;
    return typeof data === 'string' ? packet : { type, data: toBinary(data, this.socket?.binaryType) };
  }

  protected onPacket(packet: Packet): void {
    this.emitReserved('packet', packet);
  }

  protected onClose(details?: CloseDetails): void {
    this.readyState = 'closed';
    this.emitReserved('close', details);
  }

  /** Takes in how the peer ended it: `code` is one of RFC 6455, or 0. */
  protected onPeerClose(code = 0, reason = '', context?: unknown): void {
    const fault = FAULTS[code];
    if (fault !== undefined && reason !== 'ping timeout') {
      this.onError(`${this.name} error`, `${reason || fault} (${code})`, context);
    } else {
      this.onClose({ description: reason || `${this.name} connection closed`, context });
    }
  }

  protected createUri(schema: string, query: Record<string, unknown> = {}): string {
    const { hostname = '', port, path, secure } = this.opts;
    const host = hostname.includes(':') ? `[${hostname}]` : hostname;
    const isDefaultPort = !port || Number(port) === (secure ? 443 : 80);
    const search = encodeQuery(query);
    return `${schema}://${host}${isDefaultPort ? '' : `:${port}`}${path}${search && `?${search}`}`;
  }

  /** Returns the parameters of a request, the timestamp included where it is wanted. */
  protected stampedQuery(isStamped: boolean | undefined): Record<string, string> {
    const query = { ...this.query };
    if (isStamped) query[this.opts.timestampParam ?? 't'] = randomString();
    return query;
  }

  protected abstract doOpen(): unknown;
  protected abstract doClose(): unknown;
  protected abstract write(packets: Packet[]): unknown;
}

/** Returns what no URL had before. */
export function randomString(): string {
  return Date.now().toString(36).slice(3) + Math.random().toString(36).slice(2, 7);
}

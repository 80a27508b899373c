import { PacketType } from '@hawser/protocol/socketio';
import type { ConnectionStateRecoveryOptions } from '../options.ts';
import { byteLengthOf } from '../outgoing.ts';
import { Recovery, type RecoveryOptions } from '../recovery/index.ts';
import type { AdapterNamespace, AdapterPacket, BroadcastFlags, Encoded } from './contract.ts';

/** The options of a server that say what is kept. */
interface ServerOptions {
  readonly connectionStateRecovery?: Readonly<ConnectionStateRecoveryOptions>;
  readonly pingInterval?: number | undefined;
  readonly pingTimeout?: number | undefined;
}

const DEFAULT_MAX_DISCONNECTION_MS = 120_000;
/** Node takes the delay of a timer that is too long, `Infinity` say, for 1 ms. */
const MAX_SWEEP_MS = 3_600_000;
const DEFAULT_PING_INTERVAL_MS = 25_000;
const DEFAULT_PING_TIMEOUT_MS = 20_000;

/** What each attachment costs beside its bytes, as in the engine where it waits. */
const MESSAGE_BYTES = 128;

/** The time of a clock that never goes back, in milliseconds. */
export function nowMs(): number {
  return performance.now();
}

/**
 * The events and sessions that an adapter keeps, with a clock: what is too old goes although nothing else happens.
 * There is a timer only while something is kept, and it keeps no process alive.
 */
export class KeptEvents<Event> {
  readonly recovery: Recovery<Event>;
  readonly #sweepMs: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(nsp: AdapterNamespace, pidPrefix?: string) {
    const options = resolve((nsp.server.opts ?? {}) as ServerOptions, pidPrefix);
    this.recovery = new Recovery(options);
    this.#sweepMs = Math.min(Math.max(1000, options.maxDisconnectionMs / 4), MAX_SWEEP_MS);
  }

  /** To be called when something was kept. */
  watch(): void {
    this.#timer ??= setTimeout(() => this.#sweep(), this.#sweepMs).unref();
  }

  /** Stops the clock. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #sweep(): void {
    this.#timer = null;
    this.recovery.expire(nowMs());
    if (!this.recovery.isEmpty) this.watch();
  }
}

/** Tells whether an event is kept: one that may be lost is not, nor one whose answer nobody could be given later. */
export function isKept({ type, id, data }: AdapterPacket, flags: BroadcastFlags | undefined): boolean {
  return type === PacketType.EVENT && id === undefined && !flags?.volatile && Array.isArray(data);
}

/** Returns what a packet weighs, in bytes. */
export function weigh(encoded: Encoded): number {
  return (encoded.length - 1) * MESSAGE_BYTES + byteLengthOf(encoded);
}

function resolve(options: ServerOptions, pidPrefix: string | undefined): RecoveryOptions {
  const { connectionStateRecovery = {}, pingInterval, pingTimeout } = options;
  const { maxDisconnectionDuration, maxBytes, maxSessions } = connectionStateRecovery;
  return {
    maxDisconnectionMs: maxDisconnectionDuration ?? DEFAULT_MAX_DISCONNECTION_MS,
    noticeMs: (pingInterval ?? DEFAULT_PING_INTERVAL_MS) + (pingTimeout ?? DEFAULT_PING_TIMEOUT_MS),
    maxBytes,
    maxSessions,
    pidPrefix,
  };
}

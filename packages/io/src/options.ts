import type { AttachOptions, ServerOptions as EngineOptions } from '@hawser/engine';
import { amountOf, resolveAmounts } from '@hawser/engine/internal';
import type { Adapter } from './adapter/index.ts';
import type { SlowConsumer } from './backpressure.ts';
import { optionError } from './errors.ts';
import type { Namespace } from './namespace.ts';
import type { Anything } from './typed-events.ts';

/** What makes the adapter of a namespace: a class, or a function. */
export type AdapterConstructor =
  | typeof Adapter
  | ((nsp: Namespace<Anything, Anything, Anything, Anything>) => Adapter);

/** How sessions outlive a lost connection. */
export interface ConnectionStateRecoveryOptions {
  /** For how long, in milliseconds. @defaultValue 120 000 */
  maxDisconnectionDuration?: number;
  /** Whether middlewares are passed over for a session that is recovered. @defaultValue `true` */
  skipMiddlewares?: boolean;
  /**
   * Most bytes of the events that are kept for a namespace, once for all its sessions. A session that missed more is
   * refused as `overflow`. @defaultValue 16 777 216
   */
  maxBytes?: number;
  /** Most sessions of a namespace that are away at a time; with more, the oldest goes. @defaultValue 50 000 */
  maxSessions?: number;
}

/** Options of a `Server`. */
export interface ServerOptions extends EngineOptions, AttachOptions {
  /** What the URLs of clients begin with. @defaultValue `/socket.io` */
  path: string;
  /** Whether the client's bundles are served. @defaultValue `true` */
  serveClient: boolean;
  /** How packets reach the sockets of a namespace, on this server and on others. */
  adapter: AdapterConstructor;
  /** `{ Encoder, Decoder }`, in place of the usual ones; clients need the same. */
  parser: Anything;
  /** Time for a client to connect to a namespace, in milliseconds. @defaultValue 45 000 */
  connectTimeout: number;
  /** Lets sessions outlive a lost connection. @defaultValue none */
  connectionStateRecovery: ConnectionStateRecoveryOptions;
  /** Whether namespaces that were made for a client go when the last one leaves. @defaultValue `false` */
  cleanupEmptyChildNamespaces: boolean;
  /** What happens to an event for which there is no room; the room is `maxBufferedBytes`. @defaultValue `close` */
  slowConsumer: SlowConsumer;
  /** Under `keep-latest`, tells which events stand for the same thing. @defaultValue the name of the event */
  latestKey: (event: string, args: readonly unknown[]) => string | undefined;
  /** Most namespaces that one connection can be connected to. @defaultValue 1 000 */
  maxNamespacesPerConnection: number;
}

const AMOUNTS = ['connectTimeout', 'maxNamespacesPerConnection'] as const;
const RECOVERY_AMOUNTS = ['maxDisconnectionDuration', 'maxBytes', 'maxSessions'] as const;

/**
 * Returns `options` with all amounts as numbers, and with the defaults of recovery where that is on.
 * @throws IO_ERR_OPTION when an amount is none
 * @throws RangeError when it is one of the engine's
 */
export function resolveOptions(options: Partial<ServerOptions>): Partial<ServerOptions> {
  const resolved = resolveAmounts(options);
  for (const name of AMOUNTS) {
    const given = options[name];
    if (given !== undefined && given !== null) resolved[name] = resolveAmount(name, given);
  }
  const { connectionStateRecovery } = options;
  if (connectionStateRecovery) resolved.connectionStateRecovery = resolveRecovery(connectionStateRecovery);
  return resolved;
}

/** @throws IO_ERR_OPTION when `given` is no amount */
export function resolveAmount(name: string, given: unknown): number {
  const amount = amountOf(given);
  if (amount === null) throw optionError(name, 'a number that is not below 0', given);
  return amount;
}

function resolveRecovery(given: ConnectionStateRecoveryOptions): ConnectionStateRecoveryOptions {
  const resolved = { skipMiddlewares: true, ...given };
  resolved.maxDisconnectionDuration ??= 120_000;
  for (const name of RECOVERY_AMOUNTS) {
    if (resolved[name] !== undefined) resolved[name] = resolveAmount(name, resolved[name]);
  }
  return resolved;
}

import type { IncomingMessage } from 'node:http';
import type { ZlibOptions } from 'node:zlib';
import type { SerializeOptions } from 'cookie';
import type { CorsOptions, CorsOptionsDelegate } from 'cors';
import { amountOf } from './amounts.ts';

/** What carries a session. */
export type TransportName = 'polling' | 'websocket' | 'webtransport';

/** How WebSocket messages are compressed, by the names that `ws` has for it. */
export interface PerMessageDeflateOptions {
  /** Shorter messages are sent as they are, in bytes. @defaultValue 1 024 */
  threshold?: number | undefined;
  /** The server begins each message anew. @defaultValue `true` */
  serverNoContextTakeover?: boolean | undefined;
  /** So does the client. @defaultValue `true` */
  clientNoContextTakeover?: boolean | undefined;
  /** How far back the server looks, from 8 (256 bytes) to 15 (32 KiB). @defaultValue 15 */
  serverMaxWindowBits?: number | null | undefined;
  /** So far looks the client. @defaultValue 15 */
  clientMaxWindowBits?: number | null | undefined;
  /** `level` and `memLevel` count. */
  zlibDeflateOptions?: ZlibOptions | undefined;
  /** Nothing of it is needed: inflation is bounded by `maxHttpBufferSize`. */
  zlibInflateOptions?: ZlibOptions | undefined;
  /** Most large messages that are compressed at a time, on other threads. @defaultValue 10 */
  concurrencyLimit?: number | undefined;
}

/** The name of the cookie that carries the session's id, and its attributes. */
export type CookieOptions = SerializeOptions & { name?: string };

/** What decides on a request: call `fn(null, true)` to let it in, `fn(message, false)` to turn it away. */
export type AllowRequest = (
  req: IncomingMessage,
  fn: (err: string | null | undefined, success: boolean) => void,
) => void;

/** Options of a `Server`. */
export interface ServerOptions {
  /** Silence after a ping after which the client is given up, in milliseconds. @defaultValue 20 000 */
  pingTimeout?: number | undefined;
  /** Time between two pings, in milliseconds. @defaultValue 25 000 */
  pingInterval?: number | undefined;
  /** @internal Time for a peer that is closed to take that in, in milliseconds. @defaultValue 10 000 */
  closeTimeout?: number | undefined;
  /** Time for a session to move to another transport, in milliseconds. @defaultValue 10 000 */
  upgradeTimeout?: number | undefined;
  /**
   * Most bytes of one message, and of the body of one polling request. More ends the session, with a reason that
   * both ends can read: 413, or close code 1009. `Infinity` or 0 for no limit: then one client can take all memory.
   * @defaultValue 1 000 000
   */
  maxHttpBufferSize?: number | undefined;
  /**
   * Most bytes that wait for one session, in `writeBuffer`, where each message costs 128 of its own, and behind it;
   * `socket.bufferedBytes` tells how many do. A message that would cross it ends the session with `transport error` and the code `EIO_ERR_SLOW_CONSUMER`;
   * one for which nothing else has to wait is always taken. `Infinity` for no bound, as engine.io has it: then one
   * slow client can take all memory.
   * @defaultValue 67 108 864
   */
  maxBufferedBytes?: number | undefined;
  /**
   * Decides on each request that begins a session. It is not asked again for the session's other requests.
   * Without it everybody is let in, browsers on pages of any origin included where they use WebSocket: no CORS
   * rule stops those.
   */
  allowRequest?: AllowRequest | undefined;
  /** What a session can go over; WebTransport has to be handed in. @defaultValue `['polling', 'websocket']` */
  transports?: TransportName[] | undefined;
  /** Whether sessions may move from polling to another transport. @defaultValue `true` */
  allowUpgrades?: boolean | undefined;
  /** Compresses WebSocket messages. @defaultValue `false` */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  /**
   * Compresses the responses of polling: `threshold` in bytes, and options of `zlib`. `false` for none, and so is
   * `undefined` where it is given, as engine.io has it. @defaultValue `{ threshold: 1024 }`
   */
  httpCompression?: boolean | object | undefined;
  /**
   * Another WebSocket server, such as `require('ws').Server`, in place of Hawser's own: a class that is constructed
   * with `{ noServer: true, … }` and has `handleUpgrade` and `close`.
   */
  wsEngine?: unknown;
  /** A message that goes out with the handshake. */
  initialPacket?: unknown;
  /**
   * For layers above: members that the handshake carries behind its own five, as JSON. It is read as each session
   * begins, so it can be set in `server.opts` later. Clients pass over what they do not know.
   */
  handshakeExtras?: Readonly<Record<string, unknown>> | undefined;
  /** Sends the session's id as a cookie, for load balancers. @defaultValue `false` */
  cookie?: CookieOptions | boolean | undefined;
  /** Options of the `cors` package, for polling across origins. @defaultValue `false` */
  cors?: CorsOptions | CorsOptionsDelegate | boolean | undefined;
  /** Whether clients of version 3 of the protocol, of Socket.IO 1 and 2, are let in. @defaultValue `false` */
  allowEIO3?: boolean | undefined;
}

/** How a server takes part in an HTTP server's requests. */
export interface AttachOptions {
  /** What a request's URL has to begin with. @defaultValue `/engine.io` */
  path?: string | undefined;
  /** Whether upgrades that nobody takes are ended. @defaultValue `true` */
  destroyUpgrade?: boolean | undefined;
  /** After how many milliseconds they are. @defaultValue 1 000 */
  destroyUpgradeTimeout?: number | undefined;
  /** Whether the path ends with a slash. @defaultValue `true` */
  addTrailingSlash?: boolean | undefined;
}

/** Options that are amounts of milliseconds or bytes. */
const AMOUNTS = ['pingInterval', 'pingTimeout', 'upgradeTimeout', 'maxHttpBufferSize'] as const;

/** Clients set a timer for an interval and a timeout: twice this is the longest that one takes, 24 days. */
const NEVER_MS = 2 ** 30 - 1;

/** Options with every default filled in: what `server.opts` shows. */
export type ResolvedOptions = ServerOptions & {
  readonly [Name in keyof typeof DEFAULTS]: NonNullable<ServerOptions[Name]>;
};

const DEFAULTS = Object.freeze({
  pingTimeout: 20_000,
  pingInterval: 25_000,
  upgradeTimeout: 10_000,
  closeTimeout: 10_000,
  maxHttpBufferSize: 1e6,
  maxBufferedBytes: 67_108_864,
  transports: ['polling', 'websocket'],
  allowUpgrades: true,
  httpCompression: { threshold: 1024 },
  cors: false,
  allowEIO3: false,
});

const DEFAULT_COOKIE: CookieOptions = Object.freeze({
  name: 'io',
  path: '/',
  httpOnly: true,
  sameSite: 'lax',
});

/**
 * Returns `options` with the defaults. Their amounts may be set later, and throw as well then.
 * @throws RangeError when an amount is none, `maxBufferedBytes` no bound, or the `maxAge` of the cookie no number
 */
export function resolveOptions(options: ServerOptions): ResolvedOptions {
  const { cookie, perMessageDeflate } = options;
  const resolved = {
    ...DEFAULTS,
    // Programs change what is in these, in `opts`.
    transports: [...DEFAULTS.transports],
    httpCompression: { ...DEFAULTS.httpCompression },
    ...resolveAmounts(options),
  } as ResolvedOptions;
  resolved.maxBufferedBytes ??= DEFAULTS.maxBufferedBytes!;
  if (typeof resolved.maxBufferedBytes !== 'number' || !(resolved.maxBufferedBytes > 0)) {
    throw new RangeError(`maxBufferedBytes must be a number above 0, not ${resolved.maxBufferedBytes}`);
  }
  if (cookie) resolved.cookie = readCookie({ ...DEFAULT_COOKIE, ...(cookie === true ? {} : cookie) });
  if (perMessageDeflate) {
    resolved.perMessageDeflate = {
      threshold: 1024,
      ...(perMessageDeflate === true ? {} : perMessageDeflate),
    };
  }
  guardAmounts(resolved);
  return resolved;
}

/**
 * Returns the attributes of a cookie as its writer takes them.
 * @throws RangeError when `maxAge` is no number
 */
export function readCookie({ maxAge, ...attributes }: CookieOptions): CookieOptions {
  if (maxAge === undefined || maxAge === null) return attributes;
  // As engine.io has it: also a text, and whole seconds.
  const seconds = Math.floor(Number(maxAge));
  if (Number.isFinite(seconds)) return { ...attributes, maxAge: seconds };
  throw new RangeError(`the maxAge of a cookie must be a number, not ${String(maxAge).slice(0, 75)}`);
}

/** Has an amount that is set later judged as one that is given: sessions that begin then go by it. */
function guardAmounts(options: ResolvedOptions): void {
  for (const name of AMOUNTS) {
    let amount = options[name];
    Object.defineProperty(options, name, {
      enumerable: true,
      get: () => amount,
      set: (given: unknown) => {
        amount = resolveAmount(name, given);
      },
    });
  }
}

/**
 * Returns `options` with those that are amounts as numbers, and without those that are `undefined`.
 * @throws RangeError when one is no amount
 */
export function resolveAmounts<Options extends ServerOptions>(options: Options): Options {
  const resolved = { ...options };
  for (const name of AMOUNTS) {
    if (options[name] === undefined) delete resolved[name];
    else resolved[name] = resolveAmount(name, options[name]);
  }
  return resolved;
}

function resolveAmount(name: (typeof AMOUNTS)[number], given: unknown): number {
  // As engine.io has it over WebSocket.
  const isLimit = name === 'maxHttpBufferSize';
  const amount = isLimit && given === null ? 0 : amountOf(given);
  if (amount === null) {
    throw new RangeError(`${name} must be a number that is not below 0, not ${String(given).slice(0, 75)}`);
  }
  return isLimit ? amount || Number.POSITIVE_INFINITY : Math.min(amount, NEVER_MS);
}

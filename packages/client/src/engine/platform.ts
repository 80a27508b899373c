import type { Natives } from '@hawser/protocol/engineio';
import type { SocketOptions, TransportCtor } from './options.ts';
import type { BinaryType } from './packet.ts';

/** Keeps the cookies that a server set, where nobody else does. */
export interface CookieJar {
  /** Takes in the values of `Set-Cookie`. */
  parseCookies(values: readonly string[] | undefined): void;
  /** The value of `Cookie`, or an empty string. */
  header(): string;
}

/**
 * The class of each transport, by name. `#transports` has those of browsers or of Node, as `#platform` has what they
 * stand on: apart, so that none of them imports itself.
 */
export type Transports = Readonly<Record<'polling' | 'websocket' | 'webtransport', TransportCtor>>;

/**
 * What the runtime gives: with the transports the only thing that browsers and Node differ in. `#platform` is one or
 * the other, by the conditions of package.json.
 */
export interface Platform {
  readonly natives: Natives;
  /** The defaults of options that mean something here. */
  readonly platformOptions: Readonly<SocketOptions>;
  readonly defaultBinaryType: BinaryType;
  /** Returns bytes as a program is to get them. */
  toBinary(data: ArrayBuffer | Uint8Array | Blob, binaryType: BinaryType | undefined): unknown;
  readBlob(blob: Blob): Promise<ArrayBuffer>;
  /** Where nobody else keeps them. */
  readonly createCookieJar: (() => CookieJar) | undefined;
  /** Runs `callback` when the current turn is done. */
  nextTick(callback: () => void): void;
}

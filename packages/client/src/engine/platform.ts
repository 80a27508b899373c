import type { Natives } from '@hawser/protocol/engineio';
import type { TransportCtor } from './options.ts';
import type { BinaryType } from './packet.ts';

/** Keeps the cookies that a server set, where nobody else does. */
export interface CookieJar {
  /** Takes in the values of `Set-Cookie`. */
  parseCookies(values: readonly string[] | undefined): void;
  /** The value of `Cookie`, or an empty string. */
  header(): string;
}

/**
 * What the runtime gives: the only thing that browsers and Node differ in. `#platform` is one or the other, by the
 * conditions of package.json.
 */
export interface Platform {
  readonly natives: Natives;
  /** The class of each transport, by name. */
  readonly transports: Readonly<Record<'polling' | 'websocket' | 'webtransport', TransportCtor>>;
  readonly defaultBinaryType: BinaryType;
  /** Returns bytes as a program is to get them. */
  toBinary(data: ArrayBuffer | Uint8Array | Blob, binaryType: BinaryType | undefined): unknown;
  readBlob(blob: Blob): Promise<ArrayBuffer>;
  createCookieJar(): CookieJar | undefined;
  /** Runs `callback` when the current turn is done. */
  nextTick(callback: () => void): void;
}

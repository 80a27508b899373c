import type { ZlibOptions } from 'node:zlib';
import type { DeflateAgreement } from '@hawser/protocol/websocket';
import { WebSocketError } from '../errors.ts';

/**
 * How messages are compressed, where the other end takes part in it.
 *
 * Without context takeover, which is the default, a connection keeps nothing between two messages. With it, what
 * resembles an earlier message gets smaller, for memory and CPU on both ends: see the how-to on compression.
 * @see RFC 7692 section 7.1
 */
export interface CompressionOptions {
  /** Shorter messages are sent as they are, in bytes. @defaultValue 1 024 */
  readonly thresholdBytes?: number;
  /** From 1, the fastest, to 9, the smallest; 0 for no compression. @defaultValue 6 */
  readonly level?: number;
  /** Memory of one compression under way, from 1 to 9. @defaultValue 8 */
  readonly memLevel?: number;
  /** The server begins each message anew. @defaultValue true */
  readonly serverNoContextTakeover?: boolean;
  /** So does the client. @defaultValue true */
  readonly clientNoContextTakeover?: boolean;
  /** How far back the server looks, from 8 (256 bytes) to 15 (32 KiB). @defaultValue 15 */
  readonly serverMaxWindowBits?: number;
  /** So far looks the client. @defaultValue 15 */
  readonly clientMaxWindowBits?: number;
}

/** How an endpoint compresses. */
export interface CompressionSettings {
  readonly wanted: DeflateAgreement;
  readonly thresholdBytes: number;
  /** For `zlib`, but for the window and the dictionary. */
  readonly zlib: Readonly<Pick<ZlibOptions, 'level' | 'memLevel' | 'strategy'>>;
  /** Most messages that are compressed or inflated on other threads at a time. */
  readonly maxJobs: number;
}

const DEFAULTS: Required<CompressionOptions> = Object.freeze({
  thresholdBytes: 1024,
  level: 6,
  memLevel: 8,
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
});

/** What each whole number may be. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = Object.freeze({
  level: [0, 9],
  memLevel: [1, 9],
  serverMaxWindowBits: [8, 15],
  clientMaxWindowBits: [8, 15],
});

/** Twice the threads that `libuv` has by default, so that none of them waits: more jobs would only hold memory. */
const MAX_JOBS = 8;

/**
 * Returns how an endpoint with this option compresses, or `null` where it does not.
 * @throws WS_ERR_OPTION when it is not of its kind, or a number is out of its range
 */
export function resolveCompression(option: boolean | CompressionOptions): CompressionSettings | null {
  if (option === false) return null;
  if (option !== true && typeof option !== 'object') {
    throw wrongOption('compression', 'true, false or its options', option);
  }
  const given = Object.entries(option === true ? {} : option).filter(([, value]) => value !== undefined);
  const options: Required<CompressionOptions> = { ...DEFAULTS, ...Object.fromEntries(given) };
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value: unknown = options[name as keyof CompressionOptions];
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) continue;
    throw wrongOption(`compression.${name}`, `a whole number from ${min} to ${max}`, value);
  }
  const { thresholdBytes, level, memLevel, ...wanted } = options;
  if (typeof thresholdBytes !== 'number' || !(thresholdBytes >= 0)) {
    throw wrongOption('compression.thresholdBytes', 'a number from 0 on', thresholdBytes);
  }
  return Object.freeze({ wanted, thresholdBytes, zlib: { level, memLevel }, maxJobs: MAX_JOBS });
}

function wrongOption(name: string, expected: string, value: unknown): WebSocketError {
  const shown = String(value).slice(0, 75);
  return new WebSocketError('WS_ERR_OPTION', `${name} must be ${expected}, not ${shown}`);
}

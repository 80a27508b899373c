import type { IncomingMessage } from 'node:http';
import { deflate, gzip, type ZlibOptions } from 'node:zlib';
import Negotiator from 'negotiator';

/** What is compressed, and how. */
export interface HttpCompression extends ZlibOptions {
  /** Shorter bodies are sent as they are, in bytes; without it, those under 1024. */
  readonly threshold?: number | undefined;
}

type Coding = 'gzip' | 'deflate';

/** What responses of polling are compressed with. */
export const CODINGS: readonly Coding[] = Object.freeze(['gzip', 'deflate']);

const COMPRESS = Object.freeze({ gzip, deflate });

const DEFAULT_THRESHOLD_BYTES = 1024;

const DEFAULT_COMPRESSION: HttpCompression = Object.freeze({});

/**
 * Returns what the option `httpCompression` says, or `null` for no compression: programs write that in many ways. An
 * object is that of the program, which may change what is in it.
 */
export function resolveHttpCompression(option: boolean | object | null | undefined): HttpCompression | null {
  if (!option) return null;
  return typeof option === 'object' ? option : DEFAULT_COMPRESSION;
}

/** Tells whether a body of so many bytes is compressed. */
export function isWorthwhile(
  { threshold = DEFAULT_THRESHOLD_BYTES }: HttpCompression,
  bytes: number,
): boolean {
  return bytes >= threshold;
}

/** Returns the coding that the client likes best, or `null` where it takes none of these. */
export function chooseCoding<C extends string>(request: IncomingMessage, codings: readonly C[]): C | null {
  const [best] = new Negotiator(request).encodings([...codings]);
  return codings.find((coding) => coding === best) ?? null;
}

/** Compresses a body on another thread; `done` gets `null` where that failed. */
export function compressBody(
  body: string | Uint8Array,
  coding: Coding,
  options: HttpCompression,
  done: (compressed: Buffer | null) => void,
): void {
  COMPRESS[coding](body, options, (error, compressed) => done(error === null ? compressed : null));
}

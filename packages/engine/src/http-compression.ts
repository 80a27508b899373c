import type { IncomingMessage } from 'node:http';
import { deflate, gzip, type ZlibOptions } from 'node:zlib';
import Negotiator from 'negotiator';

/** What is compressed, and how. */
export interface HttpCompression extends ZlibOptions {
  /** Shorter bodies are sent as they are, in bytes. */
  readonly threshold: number;
}

type Coding = 'gzip' | 'deflate';

/** What responses of polling are compressed with. */
export const CODINGS: readonly Coding[] = Object.freeze(['gzip', 'deflate']);

const COMPRESS = Object.freeze({ gzip, deflate });

const DEFAULT_THRESHOLD_BYTES = 1024;

/** Returns what the option `httpCompression` says, or `null` for no compression: programs write that in many ways. */
export function resolveHttpCompression(option: boolean | object | null | undefined): HttpCompression | null {
  if (!option) return null;
  return Object.freeze({ threshold: DEFAULT_THRESHOLD_BYTES, ...(option === true ? {} : option) });
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

import type { CompressionSettings } from '@hawser/ws/internal';
import type { PerMessageDeflateOptions } from './options.ts';

/** A window of 32 KiB, the most that RFC 7692 section 7.1.2 has. */
const MAX_WINDOW_BITS = 15;

/** Returns what the option `perMessageDeflate` says, in the words of `ws`, or `null` for no compression. */
export function resolveDeflate(
  option: boolean | PerMessageDeflateOptions | undefined,
): CompressionSettings | null {
  if (!option) return null;
  const options = option === true ? {} : option;
  const { level = 6, memLevel = 8 } = options.zlibDeflateOptions ?? {};
  return Object.freeze({
    // Without it, every session would keep memory between two messages.
    wanted: {
      serverNoContextTakeover: options.serverNoContextTakeover ?? true,
      clientNoContextTakeover: options.clientNoContextTakeover ?? true,
      serverMaxWindowBits: windowBitsOf(options.serverMaxWindowBits),
      clientMaxWindowBits: windowBitsOf(options.clientMaxWindowBits),
    },
    thresholdBytes: options.threshold ?? 1024,
    zlib: { level, memLevel },
    maxJobs: options.concurrencyLimit ?? 10,
  });
}

function windowBitsOf(option: number | boolean | null | undefined): number {
  return typeof option === 'number' ? option : MAX_WINDOW_BITS;
}

import type { Natives } from './natives.ts';

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Returns the bytes of the base64 that `text` has from `start` on, or `null` where that is none. Padding may be
 * missing, as long as what is there is whole.
 * @see RFC 4648 section 4
 */
export function decodeBase64(natives: Natives, text: string, start: number): Uint8Array | null {
  const base64 = text.slice(start);
  if (!BASE64.test(base64)) return null;
  const rest = base64.length % 4;
  if (rest === 1 || (rest !== 0 && base64.endsWith('='))) return null;
  return natives.decodeBase64(base64);
}

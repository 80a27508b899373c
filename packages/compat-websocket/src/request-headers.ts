import { parseExtensions } from '@hawser/protocol/websocket';
import type { ICookie } from './options.ts';

/** An extension that a client offers, in lower case; a parameter without `=` has no value. */
export interface IRequestedExtension {
  name: string;
  params: { name: string; value: string | undefined }[];
}

/** Returns the elements of a list header. */
export function splitList(value: string | undefined): string[] {
  return value ? value.split(/,\s*/) : [];
}

/** Returns what `Sec-WebSocket-Extensions` offers; a malformed header offers nothing. */
export function readExtensions(value: string | undefined): IRequestedExtension[] {
  const offers = (value && parseExtensions(value.toLowerCase())) || [];
  return offers.map(({ name, params }) => ({
    name,
    params: params.map(([key, text]) => ({ name: key, value: text === true ? undefined : text })),
  }));
}

/**
 * Returns the cookies of a request; one without `=` has `null` for its value, whatever its type says.
 * @throws URIError when a value is badly percent-encoded
 */
export function readCookies(value: string | undefined): ICookie[] {
  if (!value) return [];
  return value.split(/[;,] */).map((pair) => {
    const equals = pair.indexOf('=');
    if (equals < 0) return { name: pair, value: null as unknown as string };
    const text = pair.slice(equals + 1).trim();
    const unquoted = text.startsWith('"') ? text.slice(1, -1) : text;
    return { name: pair.slice(0, equals).trim(), value: decodeURIComponent(unquoted) };
  });
}

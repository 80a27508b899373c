import { isToken } from '@hawser/protocol/websocket';
import type { ICookie } from './options.ts';

/** Cannot stand in a cookie: controls, the space and the semicolon. */
const CONTROLS_AND_SEMICOLON = /[\p{Cc} ;]/gu;
const NOT_COOKIE_OCTET = /[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/;
const QUOTED = /^"[^"]*"$/;

/**
 * Returns the `Set-Cookie` values for `cookies`.
 * @throws Error when something in them cannot be sent
 * @see RFC 6265 section 4.1.1
 */
export function formatCookies(cookies: readonly ICookie[]): string[] {
  if (!Array.isArray(cookies)) throw new Error('Value supplied for "cookies" argument must be an array.');
  const names = new Set<string>();
  return cookies.map((cookie) => {
    if (!cookie.name || !cookie.value) {
      throw new Error('Each cookie to set must at least provide a "name" and "value"');
    }
    const name = cookie.name.replace(CONTROLS_AND_SEMICOLON, '');
    if (names.has(name)) throw new Error('You may not specify the same cookie name twice.');
    names.add(name);
    return [formatPair(name, cookie.value), ...formatAttributes(cookie)].join(';');
  });
}

function formatPair(name: string, rawValue: string): string {
  const value = rawValue.replace(CONTROLS_AND_SEMICOLON, '');
  refuse(
    [...name].find((character) => !isToken(character)),
    'name',
  );
  refuse((QUOTED.test(value) ? value.slice(1, -1) : value).match(NOT_COOKIE_OCTET)?.[0], 'value');
  return `${name}=${value}`;
}

function formatAttributes({ path, domain, expires, maxage, secure, httponly }: ICookie): string[] {
  const attributes: string[] = [];
  if (path) {
    refuse(path.match(CONTROLS_AND_SEMICOLON)?.[0], 'path');
    attributes.push(`Path=${path}`);
  }
  if (domain) {
    if (typeof domain !== 'string') throw new Error('Domain must be specified and must be a string.');
    refuse(domain.match(CONTROLS_AND_SEMICOLON)?.[0], 'domain');
    attributes.push(`Domain=${domain.toLowerCase()}`);
  }
  if (expires) {
    if (!(expires instanceof Date)) {
      throw new Error('Value supplied for cookie "expires" must be a vaild date object');
    }
    attributes.push(`Expires=${expires.toUTCString()}`);
  }
  if (maxage) {
    const seconds = typeof maxage === 'string' ? Number.parseInt(maxage, 10) : maxage;
    if (!(seconds > 0)) throw new Error('Value supplied for cookie "maxage" must be a non-zero number');
    attributes.push(`Max-Age=${Math.round(seconds)}`);
  }
  return [...attributes, ...formatFlags({ secure, httponly })];
}

function formatFlags({ secure, httponly }: Pick<ICookie, 'secure' | 'httponly'>): string[] {
  for (const [name, flag] of Object.entries({ secure, httponly })) {
    if (flag && typeof flag !== 'boolean') {
      throw new Error(`Value supplied for cookie "${name}" must be of type boolean`);
    }
  }
  return [...(secure ? ['Secure'] : []), ...(httponly ? ['HttpOnly'] : [])];
}

function refuse(character: string | undefined, where: string): void {
  if (character !== undefined) throw new Error(`Illegal character ${character} in cookie ${where}`);
}

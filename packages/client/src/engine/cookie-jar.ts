import type { CookieJar } from './platform.ts';

/** One cookie. */
export interface Cookie {
  name: string;
  value: string;
  expires?: Date;
}

/** Most cookies that a server can make us keep, and most characters of one. */
const MAX_COOKIES = 300;
const MAX_COOKIE_LENGTH = 4096;

/**
 * Returns what a `Set-Cookie` header says, of which a client of one server needs no more.
 * @see RFC 6265 section 5.2
 */
export function parseCookie(header: string): Cookie | undefined {
  const [pair = '', ...attributes] = header.slice(0, MAX_COOKIE_LENGTH).split(';');
  const [name, value] = split(pair);
  if (name === '' || value === undefined) return undefined;
  const cookie: Cookie = { name, value: value.replace(/^"(.*)"$/, '$1') };
  for (const attribute of attributes) {
    const [key, text = ''] = split(attribute);
    if (key.toLowerCase() === 'expires' && cookie.expires === undefined) cookie.expires = new Date(text);
    // RFC 6265 5.3: Max-Age wins.
    else if (key.toLowerCase() === 'max-age') cookie.expires = new Date(Date.now() + Number(text) * 1000);
  }
  return cookie;
}

/** The cookies of one client. */
export class NodeCookieJar implements CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  parseCookies(values: readonly string[] = []): void {
    for (const value of values) {
      const cookie = parseCookie(value);
      if (cookie === undefined) continue;
      this.#cookies.delete(cookie.name);
      if (!hasExpired(cookie) && this.#cookies.size < MAX_COOKIES) this.#cookies.set(cookie.name, cookie);
    }
  }

  header(): string {
    for (const cookie of this.#cookies.values()) {
      if (hasExpired(cookie)) this.#cookies.delete(cookie.name);
    }
    return [...this.#cookies.values()].map(({ name, value }) => `${name}=${value}`).join('; ');
  }
}

function hasExpired({ expires }: Cookie): boolean {
  return expires !== undefined && expires.getTime() <= Date.now();
}

function split(text: string): [string, string?] {
  const at = text.indexOf('=');
  return at === -1 ? [text.trim()] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

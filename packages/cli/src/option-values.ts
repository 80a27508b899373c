import { InvalidArgumentError } from 'commander';
import { CommandError } from './errors.ts';
import { printable } from './terminal.ts';

const SCHEMES = ['ws:', 'wss:', 'http:', 'https:'];
// RFC 9110 5.6.2: a token.
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const RESERVED_EVENTS = [
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
];
// Longest delay that a Node timer takes, about 24 days.
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Read a port number.
 *
 * @throws {InvalidArgumentError} when it is not a whole number from 0 to 65535
 */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535)) throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
  return port;
}

/**
 * Read the address to listen on.
 *
 * @throws {InvalidArgumentError} when it is empty, which for Node is every address
 */
export function parseHost(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Give an address, such as 127.0.0.1.');
  return text;
}

/**
 * Read a duration in seconds.
 *
 * @returns milliseconds, more than 0
 * @throws {InvalidArgumentError}
 */
export function parseSeconds(text: string): number {
  const durationMs = secondsToMs(text);
  if (!(durationMs > 0)) throw new InvalidArgumentError('Give a number of seconds, such as 5 or 0.5.');
  return durationMs;
}

/**
 * Read how long to wait: seconds, or `forever`.
 *
 * @returns milliseconds, 0 and Infinity included
 * @throws {InvalidArgumentError}
 */
export function parseWait(text: string): number {
  const durationMs = text === 'forever' ? Number.POSITIVE_INFINITY : secondsToMs(text);
  if (Number.isNaN(durationMs)) {
    throw new InvalidArgumentError('Give a number of seconds, such as 2 or 0, or the word forever.');
  }
  return durationMs;
}

/**
 * Read the address of a WebSocket server.
 *
 * @throws {USAGE} when it is not one; a missing scheme is guessed in the message
 */
export function parseSocketUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && SCHEMES.includes(url.protocol)) return text;
  // `localhost:3000/ws` parses as a URL with the scheme `localhost:`.
  const guess = `ws://${text}`;
  const looksLikeHost = /^[\w.-]+(:\d+)?([/?]|$)/.test(text) && URL.canParse(guess);
  const advice = looksLikeHost
    ? `did you mean ${guess}?`
    : 'it begins with ws://, wss://, http:// or https://';
  throw new CommandError('USAGE', `not a WebSocket address: '${printable(text.slice(0, 75))}'; ${advice}`);
}

/** Read a path, which may lack its slash. */
export function parsePath(text: string): string {
  return text.startsWith('/') ? text : `/${text}`;
}

/**
 * Read the name of a Socket.IO event.
 *
 * @throws {InvalidArgumentError} when no program may send it
 */
export function parseEventName(text: string): string {
  if (RESERVED_EVENTS.includes(text)) {
    throw new InvalidArgumentError('Socket.IO has this name for events of its own.');
  }
  return text;
}

/**
 * Read one `Name: value` and add it to those before; a repeated name gets a list of values.
 *
 * @throws {InvalidArgumentError} when it cannot be an HTTP header
 */
export function collectHeader(
  text: string,
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(colon, 0)).trim();
  const value = text.slice(colon + 1).trim();
  if (!TOKEN.test(name) || !FIELD_VALUE.test(value)) {
    throw new InvalidArgumentError("Write it as 'Name: value', for example -H 'Authorization: Bearer abc'.");
  }
  const known = Object.keys(previous).find((key) => key.toLowerCase() === name.toLowerCase()) ?? name;
  const before = previous[known];
  // RFC 6265 section 5.4: cookies are a list of their own kind.
  const separator = known.toLowerCase() === 'cookie' ? '; ' : ', ';
  return { ...previous, [known]: before === undefined ? value : before + separator + value };
}

/**
 * Read one subprotocol and add it to those before.
 *
 * @throws {InvalidArgumentError} when it cannot be one, or is there already
 */
export function collectSubprotocol(text: string, previous: readonly string[] = []): readonly string[] {
  if (!TOKEN.test(text)) throw new InvalidArgumentError('A subprotocol is one word, such as chat.v2.');
  if (previous.includes(text)) throw new InvalidArgumentError('The same subprotocol is given twice.');
  return [...previous, text];
}

function secondsToMs(text: string): number {
  const seconds = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  const durationMs = seconds * 1000;
  return durationMs <= MAX_TIMER_MS ? durationMs : Number.NaN;
}

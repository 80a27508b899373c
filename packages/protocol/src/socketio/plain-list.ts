/** What JSON escapes, but for quotes and backslashes: control characters, and surrogates, as one may be alone. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const RARELY_ESCAPED = /[\u0000-\u001f\ud800-\udfff]/;

/** What the last list began with, which has nothing to escape: the name of an event, and mostly of the next one too. */
let lastName = '';

/** Where a list is written to, and what is written there before a text, before another value, and at the end. */
const [AT_START, BEHIND_OTHER, BEHIND_TEXT] = [0, 1, 2] as const;
const BEFORE_TEXT = ['["', ',"', '","'] as const;
const BEFORE_OTHER = ['[', ',', '",'] as const;
const AT_END = ['[]', ']', '"]'] as const;

/**
 * Writes a list behind `start` as `JSON.stringify` does, or returns `null`: for one that holds an object, a text with
 * something to escape, or what JSON has no word for. Half of all the work that is left of a small event would be
 * `JSON.stringify`'s (`npm run bench -- --only socketio-echo-64-x32`).
 */
export function writePlainList(start: string, values: readonly unknown[]): string | null {
  // From the end: if there is an object, it is mostly there.
  for (let i = values.length - 1; i > 0; i--) if (!isPlain(values[i])) return null;
  const name = values[0];
  if (name !== lastName && values.length > 0) {
    if (!isPlain(name)) return null;
    if (typeof name === 'string') lastName = name;
  }
  let text = start;
  let state: 0 | 1 | 2 = AT_START;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as string | number | boolean;
    const next = typeof value === 'string' ? BEHIND_TEXT : BEHIND_OTHER;
    text += (next === BEHIND_TEXT ? BEFORE_TEXT : BEFORE_OTHER)[state];
    text += value;
    state = next;
  }
  return text + AT_END[state];
}

/** In a longer packet `JSON.parse` is as fast, and whoever kept one of its texts would keep all of it. */
const MAX_READ_UNITS = 256;

/** What no text has in it that stands in JSON as it is. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const NOT_AS_IT_IS = /[\u0000-\u001f\\]/;

const QUOTE = 34;
const COMMA = 44;
const OPENING = 91;
const CLOSING = 93;

/**
 * Reads a list of texts that stand in JSON as they are, which is what a small event mostly is, or returns `null`: for
 * all else, what is no JSON included. `text` is a packet, with the list from `start` on. A third of what reading a
 * small event costs would be `JSON.parse`'s (`npm run bench -- --only socketio-echo-64-x32`).
 */
export function readTextList(text: string, start: number): string[] | null {
  const end = text.length - 1;
  if (end < start || end >= MAX_READ_UNITS) return null;
  if (text.charCodeAt(start) !== OPENING || text.charCodeAt(start + 1) !== QUOTE) return null;
  if (text.charCodeAt(end) !== CLOSING || NOT_AS_IT_IS.test(text)) return null;
  const texts: string[] = [];
  for (let at = start + 2; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return null;
    texts.push(text.slice(at, quote));
    if (quote + 1 === end) return texts;
    if (text.charCodeAt(quote + 1) !== COMMA || text.charCodeAt(quote + 2) !== QUOTE) return null;
    at = quote + 3;
  }
}

function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return !hasEscapes(value);
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}

/** In three looks: one for all would guess at each character on which side of a quote and a backslash it is. */
function hasEscapes(text: string): boolean {
  return text.includes('"') || text.includes('\\') || RARELY_ESCAPED.test(text);
}

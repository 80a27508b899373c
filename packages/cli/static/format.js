/**
 * Write a duration as short as its precision deserves: `0.42 ms`, `3.1 ms`, `120 ms`, `2.4 s`.
 *
 * @param {number} ms
 * @returns {string}
 */
export function formatDuration(ms) {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/**
 * Write a size in bytes: `512 bytes`, `3.4 KiB`, `2.0 MiB`.
 *
 * @param {number} bytes
 * @returns {string}
 */
export function formatSize(bytes) {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}

/**
 * Write a time of day.
 *
 * @param {number} ms since 1970
 * @returns {string}
 */
export function formatTime(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

/**
 * One or two letters that stand for a name.
 *
 * @param {string} name
 * @returns {string}
 */
export function initialsOf(name) {
  const words = name.split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const letters = words.slice(0, 2).map((word) => [...word][0]);
  return (letters.join('') || [...name][0] || '?').toUpperCase();
}

/**
 * Choose one of a few tints for a name, the same one everywhere.
 *
 * @param {string} name
 * @param {number} [tints] how many there are
 * @returns {number} from 0
 */
export function tintOf(name, tints = 8) {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % tints;
}

// RFC 6455 7.4.1 and the registry of close codes, as far as a page can meet them.
const CLOSE_CODES = /** @type {Readonly<Record<number, string | undefined>>} */ ({
  1000: 'normal closure',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'closed without a code',
  1006: 'lost without a close frame',
  1007: 'invalid payload',
  1008: 'policy violation',
  1009: 'message too big',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
});

/**
 * Write a close code with its reason.
 *
 * @param {number} code
 * @param {string} reason
 * @returns {string}
 */
export function describeClose(code, reason) {
  const meaning = CLOSE_CODES[code];
  const text = meaning === undefined ? String(code) : `${code} ${meaning}`;
  return reason === '' ? text : `${text}: “${reason}”`;
}

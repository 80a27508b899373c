/** What JSON escapes: quotes, backslashes, control characters, and surrogates, as one may be alone. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

/**
 * Writes a list as `JSON.stringify` does, or returns `null`: for one that holds an object, a text with something to
 * escape, or what JSON has no word for. Half of all the work that is left of a small event would be `JSON.stringify`'s
 * (`npm run bench -- --only socketio-echo-64-x32`).
 */
export function writePlainList(values: readonly unknown[]): string | null {
  if (values.length === 0) return '[]';
  let json = ']';
  // From the end: if there is an object, it is mostly there.
  for (let i = values.length - 1; i >= 0; i--) {
    const value = writePlain(values[i]);
    if (value === null) return null;
    json = i === 0 ? `[${value}${json}` : `,${value}${json}`;
  }
  return json;
}

function writePlain(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return ESCAPED.test(value) ? null : `"${value}"`;
    case 'number':
      return Number.isFinite(value) ? String(value) : null;
    case 'boolean':
      return String(value);
    default:
      return null;
  }
}

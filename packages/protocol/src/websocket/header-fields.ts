/** Header names in lower case, as Node and HTTP/2 give them; values as received, several joined or listed. */
export type HeaderMap = Readonly<Record<string, string | readonly string[] | undefined>>;

/** An extension as offered or accepted: its name and its parameters in order (RFC 6455 section 9.1). */
export interface ExtensionOffer {
  readonly name: string;
  /** A parameter without a value is `true`. */
  readonly params: readonly (readonly [name: string, value: string | true])[];
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** A list element: quoted strings, and anything that is neither a quote nor the delimiter. */
const LIST_ELEMENTS = /(?:[^",]|"(?:[^"\\]|\\.)*")+/y;
const PARAM_ELEMENTS = /(?:[^";]|"(?:[^"\\]|\\.)*")+/y;

/** A header value may hold no control character but the tab (RFC 9110 section 5.5). */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Tells whether `text` is a token (RFC 9110 section 5.6.2). */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Tells whether `text` can be sent as a header's value without breaking out of its line. */
export function isFieldValue(text: string): boolean {
  return FIELD_VALUE.test(text);
}

/** Returns a header's value, several joined by commas, or `undefined` where it is missing. */
export function headerValue(headers: HeaderMap, name: string): string | undefined {
  const value = headers[name];
  return value === undefined || typeof value === 'string' ? value : value.join(', ');
}

/** Tells whether the comma-separated header `name` contains `token`, in any case (RFC 9110 section 5.6.1). */
export function hasToken(headers: HeaderMap, name: string, token: string): boolean {
  const value = headerValue(headers, name) ?? '';
  // No list of several is as short as one of them.
  if (value.length === token.length) return value.toLowerCase() === token;
  return value.split(',').some((element) => element.trim().toLowerCase() === token);
}

/** Returns the subprotocols that the header value lists, or `null` when it is malformed or repeats one. */
export function parseProtocols(value: string | undefined): readonly string[] | null {
  if (value === undefined) return [];
  const protocols = value.split(',').map((element) => element.trim());
  const isValid = protocols.every(isToken) && new Set(protocols).size === protocols.length;
  return isValid ? protocols : null;
}

/**
 * Returns the extensions that the header value lists, in order of preference, or `null` when it is malformed.
 * @see RFC 6455 section 9.1
 */
export function parseExtensions(value: string | undefined): readonly ExtensionOffer[] | null {
  if (value === undefined) return [];
  const elements = splitUnquoted(value, LIST_ELEMENTS);
  const offers = elements?.map(parseExtension) ?? [null];
  return offers.includes(null) ? null : (offers as ExtensionOffer[]);
}

/** Writes extensions as a header value. */
export function formatExtensions(extensions: readonly ExtensionOffer[]): string {
  return extensions
    .map(({ name, params }) => {
      const parts = params.map(([key, value]) => (value === true ? key : `${key}=${value}`));
      return [name, ...parts].join('; ');
    })
    .join(', ');
}

function parseExtension(element: string): ExtensionOffer | null {
  const parts = splitUnquoted(element, PARAM_ELEMENTS);
  const name = parts?.[0]?.trim() ?? '';
  if (!isToken(name)) return null;
  const params: [string, string | true][] = [];
  for (const part of parts!.slice(1)) {
    const equals = part.indexOf('=');
    const key = (equals < 0 ? part : part.slice(0, equals)).trim();
    const value = equals < 0 ? true : unquote(part.slice(equals + 1).trim());
    if (!isToken(key) || (value !== true && !isToken(value))) return null;
    params.push([key, value]);
  }
  return { name, params };
}

/** RFC 6455 9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF". */
function unquote(value: string): string {
  const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return isQuoted ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
}

/** Splits at the delimiter that `elements` excludes; `null` where a quote is left open or an element is empty. */
function splitUnquoted(text: string, elements: RegExp): string[] | null {
  const parts: string[] = [];
  elements.lastIndex = 0;
  for (;;) {
    const start = elements.lastIndex;
    const match = elements.exec(text);
    if (match === null) return null;
    parts.push(match[0]);
    const end = start + match[0].length;
    if (end === text.length) return parts;
    if (text[end] === '"') return null;
    elements.lastIndex = end + 1;
  }
}

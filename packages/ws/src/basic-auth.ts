/**
 * Returns the `Authorization` that the user and password of a URL stand for, or `undefined` when it has none.
 * @see RFC 7617 section 2
 */
export function basicAuthOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const credentials = Buffer.from(`${percentDecode(username)}:${percentDecode(password)}`, 'latin1');
  return `Basic ${credentials.toString('base64')}`;
}

/** Returns a character for each byte. Unlike `decodeURIComponent` it takes any bytes, and a sign that encodes none. */
function percentDecode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

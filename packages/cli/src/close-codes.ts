// RFC 6455 7.4.1 and the IANA registry of close codes.
const MEANINGS: Readonly<Record<number, string | undefined>> = {
  1000: 'normal closure',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'closed without a code',
  1006: 'the connection was lost without a close frame',
  1007: 'invalid payload data',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'a required extension is missing',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
  1014: 'bad gateway',
  1015: 'TLS handshake failure',
};

/**
 * Write a close code so that it can be read: `1001 going away: the server is shutting down`.
 *
 * @param code - the code of a close event
 * @param reason - the reason of the close event, possibly empty
 */
export function describeClose(code: number, reason: string): string {
  const meaning = MEANINGS[code];
  const text = meaning === undefined ? String(code) : `${code} ${meaning}`;
  return reason === '' ? text : `${text}: ${reason}`;
}

/** Whether a close code says that all is well: 1000, or none at all. */
export function isNormalClose(code: number): boolean {
  return code === 1000 || code === 1005;
}

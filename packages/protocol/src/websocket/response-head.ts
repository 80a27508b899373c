import { WebSocketUsageError } from './errors.ts';
import { type ExtensionOffer, formatExtensions, isFieldValue, isToken } from './header-fields.ts';

/** Reason phrases of the statuses that a handshake is answered with; any other is sent without one. */
const REASON_PHRASES: Readonly<Record<number, string>> = Object.freeze({
  101: 'Switching Protocols',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
});

/** Headers to send; a list gives one line for each of its values, as several cookies need. */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[]>>;

/** How a server accepts a handshake. */
export interface Acceptance {
  /** Base64 of the SHA-1 of the key and the GUID (RFC 6455 section 4.2.2 item 5.4). */
  readonly accept: string;
  /** One of the client's subprotocols, or an empty string for none. */
  readonly protocol: string;
  readonly extensions: readonly ExtensionOffer[];
  /** Further headers, such as `Set-Cookie`. */
  readonly headers: ResponseHeaders;
}

/** Headers of the response that opens a connection that the handshake alone decides on, in lower case. */
export const ACCEPTANCE_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'upgrade',
  'sec-websocket-accept',
  'sec-websocket-extensions',
  'sec-websocket-protocol',
]);

/** Headers of a refusal that are not the user's to set, in lower case. */
export const REFUSAL_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'transfer-encoding',
]);

/**
 * Returns the 101 response that opens the connection, to be sent as Latin-1.
 * @throws WS_ERR_HEADER_ARGUMENT when a header would break out of its line, or is the handshake's own
 * @see RFC 6455 section 4.2.2 item 5
 */
export function formatAcceptance({ accept, protocol, extensions, headers }: Acceptance): string {
  let head = `${statusLine(101)}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n`;
  if (protocol !== '') head += `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  if (extensions.length > 0) head += `Sec-WebSocket-Extensions: ${formatExtensions(extensions)}\r\n`;
  return `${head}${headerLines(headers, ACCEPTANCE_HEADERS)}\r\n`;
}

/**
 * Returns the head of a response that refuses a handshake, to be sent as Latin-1; the connection ends after its body.
 *
 * @param bodyBytes - how many bytes the body takes
 * @param headers - may replace `Content-Type` (plain text in UTF-8) and `X-Content-Type-Options` (nosniff)
 * @throws WS_ERR_HEADER_ARGUMENT when a header would break out of its line, or is the response's own
 */
export function formatRefusal(status: number, bodyBytes: number, headers: ResponseHeaders): string {
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  let head = `${statusLine(status)}Content-Length: ${bodyBytes}\r\n`;
  // RFC 9110 7.8: who sends Upgrade names it in Connection.
  head += `Connection: close${names.has('upgrade') ? ', Upgrade' : ''}\r\n`;
  if (!names.has('content-type')) head += 'Content-Type: text/plain; charset=utf-8\r\n';
  if (!names.has('x-content-type-options')) head += 'X-Content-Type-Options: nosniff\r\n';
  return `${head}${headerLines(headers, REFUSAL_HEADERS)}\r\n`;
}

/** @throws WS_ERR_HEADER_ARGUMENT when a header would break out of its line, or its name is of `reserved` */
export function checkHeader(name: string, value: string, reserved: ReadonlySet<string>): void {
  if (isToken(name) && isFieldValue(value) && !reserved.has(name.toLowerCase())) return;
  throw new WebSocketUsageError(
    'WS_ERR_HEADER_ARGUMENT',
    `header "${name.slice(0, 75)}" has a name or a value that this response cannot carry`,
  );
}

function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${REASON_PHRASES[status] ?? ''}\r\n`;
}

function headerLines(headers: ResponseHeaders, reserved: ReadonlySet<string>): string {
  let lines = '';
  for (const [name, values] of Object.entries(headers)) {
    for (const value of typeof values === 'string' ? [values] : values) {
      checkHeader(name, value, reserved);
      lines += `${name}: ${value}\r\n`;
    }
  }
  return lines;
}

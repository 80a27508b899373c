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

/** How a server accepts a handshake. */
export interface Acceptance {
  /** Base64 of the SHA-1 of the key and the GUID (RFC 6455 section 4.2.2 item 5.4). */
  readonly accept: string;
  /** One of the client's subprotocols, or an empty string for none. */
  readonly protocol: string;
  readonly extensions: readonly ExtensionOffer[];
  /** Further headers, such as `Set-Cookie`. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Returns the 101 response that opens the connection.
 * @throws WS_ERR_HEADER_ARGUMENT when a header would break out of its line
 * @see RFC 6455 section 4.2.2 item 5
 */
export function formatAcceptance({ accept, protocol, extensions, headers }: Acceptance): string {
  let head = `${statusLine(101)}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n`;
  if (protocol !== '') head += `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  if (extensions.length > 0) head += `Sec-WebSocket-Extensions: ${formatExtensions(extensions)}\r\n`;
  return `${head}${headerLines(headers)}\r\n`;
}

/**
 * Returns the whole response that refuses a handshake; the connection ends after it.
 *
 * @param bodyBytes - how many bytes of UTF-8 `message` takes
 * @throws WS_ERR_HEADER_ARGUMENT when a header would break out of its line
 */
export function formatRefusal(
  status: number,
  message: string,
  bodyBytes: number,
  headers: Readonly<Record<string, string>>,
): string {
  return `${statusLine(status)}Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${bodyBytes}\r\nX-Content-Type-Options: nosniff\r\n${headerLines(headers)}\r\n${message}`;
}

function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${REASON_PHRASES[status] ?? ''}\r\n`;
}

function headerLines(headers: Readonly<Record<string, string>>): string {
  let lines = '';
  for (const [name, value] of Object.entries(headers)) {
    if (!isToken(name) || !isFieldValue(value)) {
      throw new WebSocketUsageError(
        'WS_ERR_HEADER_ARGUMENT',
        `header "${name.slice(0, 75)}" has a name or a value that HTTP does not allow`,
      );
    }
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

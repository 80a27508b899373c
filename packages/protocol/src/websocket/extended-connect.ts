import {
  type AcceptedResponse,
  type HandshakeOffer,
  type HandshakeResponse,
  judgeChoices,
  type RejectedResponse,
  reject,
} from './client-handshake.ts';
import { formatExtensions, type HeaderMap, headerValue } from './header-fields.ts';
import {
  ACCEPTANCE_HEADERS,
  type Acceptance,
  checkHeader,
  REFUSAL_HEADERS,
  type ResponseHeaders,
} from './response-head.ts';
import { type AcceptableHandshake, judgeChoosable, type Refusal, refuse } from './server-handshake.ts';

/** The value of `:protocol` that asks for a WebSocket connection (RFC 8441 section 5). */
export const CONNECT_PROTOCOL = 'websocket';

/** The request that opens a WebSocket connection over HTTP/2: an extended CONNECT. */
export interface ConnectRequest {
  /** The pseudo-header fields among them. */
  readonly headers: HeaderMap;
  /** The client ended its side of the stream with the request. */
  readonly hasEnded: boolean;
}

/** Fields of an HTTP/2 response, names in lower case; a list gives one field for each of its values. No prototype. */
export type ResponseFields = Record<string, string | string[]>;

/** What is of HTTP/1.1 connections alone (RFC 9113 section 8.2.2), in lower case; who speaks both may well set it. */
export const CONNECTION_SPECIFIC_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Judges an opening handshake over HTTP/2 as the server.
 *
 * | broken rule                                            | status                               |
 * | ------------------------------------------------------ | ------------------------------------ |
 * | method is CONNECT                                      | 405 with `Allow`                     |
 * | `:protocol` is websocket                               | 501 (RFC 9220 section 3)             |
 * | scheme of HTTP, path, authority; the stream goes on, and no length says otherwise | 400       |
 * | version is 13                                          | 400 with `Sec-WebSocket-Version: 13` |
 * | subprotocols and extensions are well formed            | 400                                  |
 *
 * There is no key: `:protocol` proves what it proved.
 * @see RFC 8441 sections 4 and 5
 */
export function judgeConnect({ headers, hasEnded }: ConnectRequest): AcceptableHandshake | Refusal {
  if (headerValue(headers, ':method') !== 'CONNECT') {
    return refuse(405, 'over HTTP/2 the WebSocket handshake is a CONNECT', { Allow: 'CONNECT' });
  }
  const protocol = headerValue(headers, ':protocol');
  if (protocol === undefined) return refuse(501, 'this server is no proxy: the :protocol is missing');
  if (protocol.toLowerCase() !== CONNECT_PROTOCOL) {
    return refuse(501, `the :protocol is "${protocol.slice(0, 75)}", not "${CONNECT_PROTOCOL}"`);
  }
  const scheme = headerValue(headers, ':scheme');
  if (scheme !== 'https' && scheme !== 'http')
    return refuse(400, 'the :scheme is neither "https" nor "http"');
  if (!headerValue(headers, ':path')?.startsWith('/')) return refuse(400, 'the :path is missing');
  if (authorityOf(headers) === undefined) return refuse(400, 'the :authority is missing');
  if (hasEnded || (headerValue(headers, 'content-length') ?? '0') !== '0') {
    return refuse(400, 'a request with a body, or an end, cannot open a WebSocket');
  }
  // RFC 9110 15.5.22: 426 would need Upgrade, which HTTP/2 does not have.
  return judgeChoosable(headers, (message, answer) => refuse(400, message, answer));
}

/** Returns the host that an HTTP/2 request is for (RFC 9113 section 8.3.1). */
export function authorityOf(headers: HeaderMap): string | undefined {
  return headerValue(headers, ':authority') ?? headerValue(headers, 'host');
}

/**
 * Returns the fields of the 200 response that opens the connection.
 * @throws WS_ERR_HEADER_ARGUMENT when a header would break out of its line, or is the handshake's own
 */
export function connectAcceptance({
  protocol,
  extensions,
  headers,
}: Omit<Acceptance, 'accept'>): ResponseFields {
  const fields = toFields(headers, ACCEPTANCE_HEADERS);
  if (protocol !== '') fields['sec-websocket-protocol'] = protocol;
  if (extensions.length > 0) fields['sec-websocket-extensions'] = formatExtensions(extensions);
  return fields;
}

/**
 * Returns the fields of a response that refuses a handshake.
 *
 * @param bodyBytes - how many bytes the body takes
 * @param headers - as in `formatRefusal`; what HTTP/2 has no place for is left out
 * @throws WS_ERR_HEADER_ARGUMENT when a header would break out of its line, or is the response's own
 */
export function connectRefusal(bodyBytes: number, headers: ResponseHeaders): ResponseFields {
  const fields = toFields(headers, REFUSAL_HEADERS);
  fields['content-length'] = String(bodyBytes);
  fields['content-type'] ??= 'text/plain; charset=utf-8';
  fields['x-content-type-options'] ??= 'nosniff';
  return fields;
}

/**
 * Judges the server's answer to an extended CONNECT as the client.
 * @see RFC 8441 section 5
 */
export function judgeConnectResponse(
  { status, headers }: HandshakeResponse,
  offer: Omit<HandshakeOffer, 'expectedAccept'>,
): AcceptedResponse | RejectedResponse {
  if (status !== 200) return reject('WS_ERR_UNEXPECTED_STATUS', `the server answered ${status}, not 200`);
  return judgeChoices(headers, offer);
}

function toFields(headers: ResponseHeaders, reserved: ReadonlySet<string>): ResponseFields {
  const fields: ResponseFields = Object.create(null);
  for (const [name, values] of Object.entries(headers)) {
    const list = typeof values === 'string' ? [values] : [...values];
    for (const value of list) checkHeader(name, value, reserved);
    const lowered = name.toLowerCase();
    if (!CONNECTION_SPECIFIC_HEADERS.has(lowered)) fields[lowered] = [...(fields[lowered] ?? []), ...list];
  }
  return fields;
}

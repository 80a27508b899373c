import {
  type ExtensionOffer,
  type HeaderMap,
  hasToken,
  headerValue,
  isToken,
  parseExtensions,
} from './header-fields.ts';

/** What the client asked for, against which the answer is judged. */
export interface HandshakeOffer {
  /** Base64 of the SHA-1 of the key and the GUID (RFC 6455 section 4.2.2 item 5.4). */
  readonly expectedAccept: string;
  readonly protocols: readonly string[];
  readonly extensions: readonly ExtensionOffer[];
}

/** The server's answer. */
export interface HandshakeResponse {
  readonly status: number;
  readonly headers: HeaderMap;
}

/** Why a server's answer opens no connection; stable. */
export type HandshakeErrorCode =
  | 'WS_ERR_UNEXPECTED_STATUS'
  | 'WS_ERR_INVALID_UPGRADE_HEADER'
  | 'WS_ERR_INVALID_CONNECTION_HEADER'
  | 'WS_ERR_INVALID_ACCEPT_HEADER'
  | 'WS_ERR_INVALID_PROTOCOL_HEADER'
  | 'WS_ERR_INVALID_EXTENSIONS_HEADER';

/** An answer that opens the connection. */
export interface AcceptedResponse {
  readonly isAccepted: true;
  /** The subprotocol in use, or an empty string. */
  readonly protocol: string;
  /** The extensions in use; their parameters are for the extension to judge. */
  readonly extensions: readonly ExtensionOffer[];
}

/** An answer that fails the connection. */
export interface RejectedResponse {
  readonly isAccepted: false;
  readonly code: HandshakeErrorCode;
  readonly message: string;
}

/**
 * Judges the server's answer to an opening handshake as the client.
 *
 * A server that chooses none of the offered subprotocols fails the connection, as browsers have it.
 * @see RFC 6455 sections 4.1 and 9.1; WHATWG WebSockets, "establish a WebSocket connection"
 */
export function judgeResponse(
  response: HandshakeResponse,
  offer: HandshakeOffer,
): AcceptedResponse | RejectedResponse {
  const { status, headers } = response;
  if (status !== 101) return reject('WS_ERR_UNEXPECTED_STATUS', `the server answered ${status}, not 101`);
  if (headerValue(headers, 'upgrade')?.trim().toLowerCase() !== 'websocket') {
    return reject('WS_ERR_INVALID_UPGRADE_HEADER', 'the Upgrade header of the answer is not "websocket"');
  }
  if (!hasToken(headers, 'connection', 'upgrade')) {
    return reject('WS_ERR_INVALID_CONNECTION_HEADER', 'the Connection header of the answer lacks "Upgrade"');
  }
  if (headerValue(headers, 'sec-websocket-accept')?.trim() !== offer.expectedAccept) {
    return reject('WS_ERR_INVALID_ACCEPT_HEADER', 'the Sec-WebSocket-Accept header does not answer our key');
  }
  return judgeChoices(headers, offer);
}

/** Judges what all HTTP versions have in common: what the server chose of the offer. */
export function judgeChoices(
  headers: HeaderMap,
  offer: Omit<HandshakeOffer, 'expectedAccept'>,
): AcceptedResponse | RejectedResponse {
  const protocol = judgeProtocol(headerValue(headers, 'sec-websocket-protocol'), offer.protocols);
  if (typeof protocol !== 'string') return protocol;
  const extensions = parseExtensions(headerValue(headers, 'sec-websocket-extensions'));
  if (extensions === null) {
    return reject('WS_ERR_INVALID_EXTENSIONS_HEADER', 'the Sec-WebSocket-Extensions header is malformed');
  }
  const stranger = extensions.find(({ name }) => !offer.extensions.some((offered) => offered.name === name));
  if (stranger !== undefined) {
    return reject(
      'WS_ERR_INVALID_EXTENSIONS_HEADER',
      `the server chose the extension "${stranger.name.slice(0, 75)}", which was not offered`,
    );
  }
  return { isAccepted: true, protocol, extensions };
}

export function reject(code: HandshakeErrorCode, message: string): RejectedResponse {
  return { isAccepted: false, code, message };
}

function judgeProtocol(value: string | undefined, offered: readonly string[]): string | RejectedResponse {
  const code = 'WS_ERR_INVALID_PROTOCOL_HEADER';
  if (value === undefined) {
    return offered.length === 0
      ? ''
      : reject(code, `the server chose none of ${offered.join(', ').slice(0, 75)}`);
  }
  const protocol = value.trim();
  if (isToken(protocol) && offered.includes(protocol)) return protocol;
  return reject(code, `the server chose the subprotocol "${protocol.slice(0, 75)}", which was not offered`);
}

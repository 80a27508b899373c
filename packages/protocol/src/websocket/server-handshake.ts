import {
  type ExtensionOffer,
  type HeaderMap,
  hasToken,
  headerValue,
  parseExtensions,
  parseProtocols,
} from './header-fields.ts';

/** The one version of the protocol (RFC 6455 section 4.1). */
export const WEBSOCKET_VERSION = '13';

/** What a key is hashed with (RFC 6455 section 1.3). */
export const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** 16 bytes in base64 (RFC 6455 section 4.1). */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** The request that opens a WebSocket connection over HTTP/1.1. */
export interface HandshakeRequest {
  readonly method?: string | undefined;
  /** "1.1" */
  readonly httpVersion?: string | undefined;
  readonly headers: HeaderMap;
}

/** A handshake that obeys the rules of its HTTP version: what is left is to choose, and to answer. */
export interface AcceptableHandshake {
  readonly isAcceptable: true;
  /** Subprotocols in the client's order of preference; empty when it asked for none. */
  readonly protocols: readonly string[];
  readonly extensions: readonly ExtensionOffer[];
}

/** A handshake that obeys section 4.2.1. */
export interface AcceptableRequest extends AcceptableHandshake {
  readonly key: string;
}

/** An answer that lets nobody in. */
export interface Refusal {
  readonly isAcceptable: false;
  readonly status: number;
  /** A sentence for the person who reads the response. */
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Judges an opening handshake as the server.
 *
 * | broken rule                                   | status                                  |
 * | --------------------------------------------- | --------------------------------------- |
 * | method is GET                                 | 405 with `Allow`                        |
 * | `Upgrade` is there                            | 426 with `Upgrade`: it was a plain request |
 * | HTTP/1.1, `Host`, `Upgrade`, `Connection`, key, no body | 400                            |
 * | version is 13                                 | 426 with `Sec-WebSocket-Version: 13`    |
 * | subprotocols and extensions are well formed   | 400                                     |
 *
 * @see RFC 6455 sections 4.2.1, 4.2.2 and 4.4
 */
export function judgeRequest(request: HandshakeRequest): AcceptableRequest | Refusal {
  const { headers } = request;
  if (request.method !== 'GET') {
    return refuse(405, `the WebSocket handshake is a GET, not a ${cut(request.method)}`, { Allow: 'GET' });
  }
  const upgrade = headerValue(headers, 'upgrade');
  if (upgrade === undefined) {
    return refuse(
      426,
      'this address speaks WebSocket: connect with a WebSocket client, such as new WebSocket(url)',
      {
        Upgrade: 'websocket',
      },
    );
  }
  if (request.httpVersion !== '1.1') return refuse(400, 'the WebSocket handshake needs HTTP/1.1');
  if (headerValue(headers, 'host') === undefined) return refuse(400, 'the Host header is missing');
  // A body would be read as frames, or as the next request by a proxy that sees it differently.
  const length = headerValue(headers, 'content-length') ?? '0';
  if (length !== '0' || headerValue(headers, 'transfer-encoding') !== undefined) {
    return refuse(400, 'a request with a body cannot open a WebSocket');
  }
  if (!hasToken(headers, 'upgrade', 'websocket')) {
    return refuse(400, `the Upgrade header is "${cut(upgrade)}", not "websocket"`);
  }
  if (!hasToken(headers, 'connection', 'upgrade')) {
    return refuse(400, 'the Connection header does not contain "Upgrade"');
  }
  return judgeWebSocketHeaders(headers);
}

/** Returns the value whose SHA-1 in base64 is the `Sec-WebSocket-Accept` that answers `key`. */
export function acceptInput(key: string): string {
  return key + WEBSOCKET_GUID;
}

/**
 * Judges what all HTTP versions have in common: the version, and what there is to choose from.
 * @param refuseVersion - makes the refusal of another version, with the header that names ours
 */
export function judgeChoosable(
  headers: HeaderMap,
  refuseVersion: (message: string, answer: Readonly<Record<string, string>>) => Refusal,
): AcceptableHandshake | Refusal {
  const version = headerValue(headers, 'sec-websocket-version');
  if (version?.trim() !== WEBSOCKET_VERSION) {
    const message = `the Sec-WebSocket-Version header is ${cut(version)}, not ${WEBSOCKET_VERSION}`;
    return refuseVersion(message, { 'Sec-WebSocket-Version': WEBSOCKET_VERSION });
  }
  const protocols = parseProtocols(headerValue(headers, 'sec-websocket-protocol'));
  if (protocols === null) return refuse(400, 'the Sec-WebSocket-Protocol header is malformed');
  const extensions = parseExtensions(headerValue(headers, 'sec-websocket-extensions'));
  if (extensions === null) return refuse(400, 'the Sec-WebSocket-Extensions header is malformed');
  return { isAcceptable: true, protocols, extensions };
}

export function refuse(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return { isAcceptable: false, status, message, headers };
}

function judgeWebSocketHeaders(headers: HeaderMap): AcceptableRequest | Refusal {
  const key = headerValue(headers, 'sec-websocket-key')?.trim() ?? '';
  if (!KEY.test(key)) return refuse(400, 'the Sec-WebSocket-Key header is not 16 bytes in base64');
  const verdict = judgeChoosable(headers, (message, answer) =>
    refuse(426, message, { Upgrade: 'websocket', ...answer }),
  );
  if (!verdict.isAcceptable) return verdict;
  // To spread it, and to add one, would be a fifth of the time that all of this takes.
  const { protocols, extensions } = verdict;
  return { isAcceptable: true, protocols, extensions, key };
}

function cut(value: string | undefined): string {
  return value === undefined ? 'missing' : value.slice(0, 75);
}

import { CloseCode, isToken, MAX_CLOSE_REASON_BYTES } from '@hawser/protocol/websocket';
import { type ClientBounds, resolveClientBounds, type WebSocketClientOptions } from './client-options.ts';
import { toText } from './web-idl.ts';

/** Where a client connects to, and how. */
export interface ClientTarget {
  /** `ws:` or `wss:`, without a fragment. */
  readonly url: URL;
  readonly protocols: readonly string[];
  readonly options: WebSocketClientOptions;
  readonly bounds: ClientBounds;
}

/** What a close frame is to say. */
export interface CloseStatus {
  readonly code: number | undefined;
  readonly reason: string;
}

/** An empty close frame. */
export const NO_CLOSE_STATUS: CloseStatus = Object.freeze({ code: undefined, reason: '' });

/**
 * Checks what a client's constructor was given.
 *
 * @throws DOMException SyntaxError when the URL or a subprotocol is not valid, or one is repeated
 * @throws WS_ERR_OPTION when a bound is not a number from 0 on
 */
export function resolveTarget(
  url: unknown,
  protocols: readonly string[],
  options: WebSocketClientOptions,
): ClientTarget {
  const parsed = parseUrl(toText(url));
  checkProtocols(protocols);
  return { url: parsed, protocols, options, bounds: resolveClientBounds(options) };
}

/**
 * Checks what `close` was given; a reason that comes without a code gets 1000.
 *
 * @throws DOMException InvalidAccessError when the code is neither 1000 nor 3000 to 4999, SyntaxError when the
 *   reason is too long
 * @see https://websockets.spec.whatwg.org/#dom-websocket-close
 */
export function checkCloseStatus(code: number | undefined, reason: string): CloseStatus {
  if (code !== undefined && !isClientCloseCode(code)) {
    throw new DOMException(`close code ${code} is neither 1000 nor 3000 to 4999`, 'InvalidAccessError');
  }
  if (Buffer.byteLength(reason) > MAX_CLOSE_REASON_BYTES) {
    throw new DOMException(`a close reason takes at most ${MAX_CLOSE_REASON_BYTES} bytes`, 'SyntaxError');
  }
  return { code: code ?? (reason === '' ? undefined : CloseCode.NORMAL), reason };
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text))
    throw new DOMException(`"${text.slice(0, 75)}" is not an absolute URL`, 'SyntaxError');
  const url = new URL(text);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new DOMException(`a WebSocket URL begins with ws: or wss:, not ${url.protocol}`, 'SyntaxError');
  }
  if (url.href.includes('#')) throw new DOMException('a WebSocket URL has no fragment', 'SyntaxError');
  return url;
}

function checkProtocols(protocols: readonly string[]): void {
  for (const protocol of protocols) {
    if (!isToken(protocol)) {
      throw new DOMException(`"${protocol.slice(0, 75)}" is not a valid subprotocol`, 'SyntaxError');
    }
  }
  // RFC 6455 4.1 item 10: unique.
  if (new Set(protocols.map((protocol) => protocol.toLowerCase())).size < protocols.length) {
    throw new DOMException('a subprotocol is repeated', 'SyntaxError');
  }
}

function isClientCloseCode(code: number): boolean {
  return code === CloseCode.NORMAL || (Number.isInteger(code) && code >= 3000 && code <= 4999);
}

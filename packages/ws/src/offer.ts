import {
  type AcceptedResponse,
  type DeflateAgreement,
  type ExtensionOffer,
  formatExtensions,
  offerDeflate,
  type RejectedResponse,
  readDeflateAnswer,
  WEBSOCKET_VERSION,
} from '@hawser/protocol/websocket';
import { basicAuthOf } from './basic-auth.ts';
import type { WebSocketClientOptions } from './client-options.ts';
import { WebSocketError } from './errors.ts';

/** What a client asks for, over any HTTP version. */
export class Offer {
  readonly protocols: readonly string[];
  readonly extensions: readonly ExtensionOffer[];
  readonly #wanted: DeflateAgreement | null;

  /** @param wanted - how messages would be compressed, or `null` */
  constructor(protocols: readonly string[], wanted: DeflateAgreement | null) {
    this.protocols = protocols;
    this.extensions = wanted === null ? [] : [offerDeflate(wanted)];
    this.#wanted = wanted;
  }

  /** Returns the request headers that any HTTP version needs, the user's among them. */
  headers(url: URL, { headers, origin }: WebSocketClientOptions): Record<string, string> {
    const authorization = basicAuthOf(url);
    return {
      ...(authorization !== undefined && { Authorization: authorization }),
      ...headers,
      ...(origin !== undefined && { Origin: origin }),
      ...(this.protocols.length > 0 && { 'Sec-WebSocket-Protocol': this.protocols.join(', ') }),
      'Sec-WebSocket-Version': WEBSOCKET_VERSION,
      ...(this.extensions.length > 0 && { 'Sec-WebSocket-Extensions': formatExtensions(this.extensions) }),
    };
  }

  /** Returns what was agreed on with the server that gave this answer. */
  conclude(response: AcceptedResponse | RejectedResponse): Agreement | WebSocketError {
    if (!response.isAccepted) return new WebSocketError(response.code, response.message);
    if (response.extensions.length === 0) return { response, deflate: null };
    const deflate = readDeflateAnswer(response.extensions, this.#wanted!);
    if (deflate !== null) return { response, deflate };
    const answer = formatExtensions(response.extensions).slice(0, 75);
    const message = `the server answered our offer of compression with "${answer}"`;
    return new WebSocketError('WS_ERR_INVALID_EXTENSIONS_HEADER', message);
  }
}

/** What a client and a server agreed on. */
export interface Agreement {
  readonly response: AcceptedResponse;
  /** How messages are compressed, or `null`. */
  readonly deflate: DeflateAgreement | null;
}

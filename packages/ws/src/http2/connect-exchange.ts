import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import {
  type AcceptableHandshake,
  authorityOf,
  connectAcceptance,
  connectRefusal,
  judgeConnect,
  type Refusal,
  type ResponseHeaders,
} from '@hawser/protocol/websocket';
import type { Admittance, Exchange, UpgradeHead } from '../exchange.ts';
import { endStream, isGone } from '../stream-owner.ts';

/**
 * A handshake over HTTP/2: one stream of a session becomes the connection (RFC 8441). One that was reset is not answered:
 * Node throws at whoever tries.
 */
export class ConnectExchange implements Exchange {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#stream = stream;
    this.#headers = headers;
  }

  judge(): AcceptableHandshake | Refusal {
    return judgeConnect({ headers: this.#headers, hasEnded: this.#stream.endAfterHeaders });
  }

  accept(admittance: Admittance): null {
    const head = { ...connectAcceptance(admittance), ':status': 200 };
    if (!isGone(this.#stream)) this.#stream.respond(head);
    return null;
  }

  refuse(status: number, body: Buffer, headers: ResponseHeaders): void {
    const head = { ...connectRefusal(body.length, headers), ':status': status };
    if (isGone(this.#stream)) return;
    this.#stream.respond(head);
    endStream(this.#stream, body);
  }
}

/** Returns the request as the `upgrade` handler knows it: with a `host`, and without pseudo-header fields. */
export function toUpgradeHead(headers: IncomingHttpHeaders): UpgradeHead {
  const fields = Object.entries(headers).filter(([name]) => !name.startsWith(':'));
  const host = authorityOf(headers);
  return {
    method: headers[':method'],
    url: headers[':path'],
    // RFC 9113 8.3.1: who turns an HTTP/2 request into one of HTTP/1.1 makes Host of :authority.
    headers: { ...Object.fromEntries(fields), ...(host !== undefined && { host }) },
  };
}

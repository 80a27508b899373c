import type { Duplex } from 'node:stream';
import {
  type AcceptableHandshake,
  type Acceptance,
  formatAcceptance,
  formatRefusal,
  type HandshakeRequest,
  judgeRequest,
  type Refusal,
  type ResponseHeaders,
} from '@hawser/protocol/websocket';
import { acceptFor } from './natives.ts';
import { endStream } from './stream-owner.ts';

/** A request with its target, as the acceptor and `node:http` both give it. */
export type UpgradeHead = HandshakeRequest & { readonly url?: string | undefined };

/** How a WebSocket is let in. */
export type Admittance = Omit<Acceptance, 'accept'>;

/** One opening handshake as its HTTP version has it: how it is judged, and how it is answered. */
export interface Exchange {
  judge(request: UpgradeHead): AcceptableHandshake | Refusal;
  /**
   * Lets the client in, whose request was judged to be acceptable.
   * @returns what has to go out before the first frame, as Latin-1, or `null` where it has gone out
   * @throws WS_ERR_HEADER_ARGUMENT, with nothing sent
   */
  accept(admittance: Admittance): string | null;
  /**
   * Answers with `status` and ends our side of the stream. A client that has left is told nothing.
   * @throws WS_ERR_HEADER_ARGUMENT, with nothing sent
   */
  refuse(status: number, body: Buffer, headers: ResponseHeaders): void;
}

/** A handshake over HTTP/1.1: the connection is upgraded. */
export class UpgradeExchange implements Exchange {
  readonly #stream: Duplex;
  #key = '';

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  judge(request: UpgradeHead): AcceptableHandshake | Refusal {
    const verdict = judgeRequest(request);
    if (verdict.isAcceptable) this.#key = verdict.key;
    return verdict;
  }

  accept({ protocol, extensions, headers }: Admittance): string {
    return formatAcceptance({ accept: acceptFor(this.#key), protocol, extensions, headers });
  }

  refuse(status: number, body: Buffer, headers: ResponseHeaders): void {
    const head = Buffer.from(formatRefusal(status, body.length, headers), 'latin1');
    endStream(this.#stream, Buffer.concat([head, body]));
  }
}

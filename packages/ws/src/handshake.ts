import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type AcceptableHandshake,
  acceptDeflateOffer,
  type DeflateAgreement,
  RequestHeadReader,
  type ResponseHeaders,
} from '@hawser/protocol/websocket';
import { WebSocketError } from './errors.ts';
import type { Exchange, UpgradeHead } from './exchange.ts';
import type { NodeNatives } from './natives.ts';
import type {
  TraceEvent,
  UpgradeDecision,
  UpgradeRefusal,
  UpgradeRequest,
  WebSocketServerBounds,
  WebSocketServerHandlers,
} from './options.ts';
import { isAllowedOrigin } from './origin.ts';
import type { RosterMember } from './roster.ts';
import { pauseStream } from './shared-reads.ts';
import {
  cutStream,
  isEncrypted,
  isGone,
  ownStream,
  remoteAddressOf,
  type StreamOwner,
} from './stream-owner.ts';

/** What a handshake needs of its server. */
export interface HandshakeHost<Data> {
  readonly bounds: WebSocketServerBounds;
  readonly handlers: WebSocketServerHandlers<Data>;
  readonly natives: NodeNatives;
  /** What compression is offered, or `null`. */
  readonly wantedDeflate: DeflateAgreement | null;
  /** Why nobody can be let in now, or `null`. */
  refusal(): string | null;
  /** A failure that no connection owns. */
  reportError(error: unknown): void;
  trace(event: TraceEvent): void;
  /** The handshake is done with, one way or the other. */
  settled(handshake: Handshake<Data>): void;
  /** The client is let in. `head` is what still has to be written first; `rest` came in behind the request. */
  admit(stream: Duplex, head: string | null, rest: Uint8Array, admission: Admission<Data>): void;
}

/** What was agreed on with a client. */
export interface Admission<Data> {
  readonly data: Data;
  /** The subprotocol, or an empty string. */
  readonly protocol: string;
  /** How messages are compressed, or `null`. */
  readonly deflate: DeflateAgreement | null;
}

/**
 * One client from its TCP connection, or its stream of HTTP/2, to the answer of its handshake: owns the stream until it is let in, and sees
 * a refused one off.
 */
export class Handshake<Data> implements StreamOwner, RosterMember {
  rosterIndex = -1;
  readonly #host: HandshakeHost<Data>;
  readonly #stream: Duplex;
  readonly #exchange: Exchange;
  #reader: RequestHeadReader | null = null;
  #isAnswered = false;
  #deadlineMs = -1;

  constructor(host: HandshakeHost<Data>, stream: Duplex, exchange: Exchange) {
    this.#host = host;
    this.#stream = stream;
    this.#exchange = exchange;
    ownStream(stream, this);
  }

  /** Waits for a request's head on a stream that is this server's own. */
  readHead(): void {
    this.#reader = new RequestHeadReader(this.#host.natives, this.#host.bounds.maxHeaderBytes);
  }

  /** Judges a request whose head is known; `rest` came in behind it. */
  begin(request: UpgradeHead, rest: Uint8Array): void {
    const verdict = this.#exchange.judge(request);
    const obstacle = this.#host.refusal();
    if (!verdict.isAcceptable) this.refuse(verdict.status, verdict.message, verdict.headers, request.url);
    else if (obstacle !== null) this.refuse(503, obstacle, {}, request.url);
    else this.#decide(new StreamUpgradeRequest(request, verdict.protocols, this.#stream), verdict, rest);
  }

  /** Answers with `status`, and ends the connection. */
  refuse(status: number, message = '', headers: ResponseHeaders = {}, url = ''): void {
    if (this.#isAnswered || isGone(this.#stream)) return;
    const remoteAddress = remoteAddressOf(this.#stream);
    this.#exchange.refuse(status, Buffer.from(message), headers);
    this.#isAnswered = true;
    // What the client still sends has to be read, or its system may discard our answer.
    this.#stream.resume();
    this.#host.trace({ type: 'refused', status, message, url, remoteAddress });
  }

  /** Cuts the connection, answered or not. */
  terminate(): void {
    cutStream(this.#stream);
  }

  /** Takes in that time passed. */
  tick(nowMs: number): void {
    if (this.#deadlineMs < 0) this.#deadlineMs = nowMs + this.#host.bounds.handshakeTimeoutMs;
    if (nowMs < this.#deadlineMs) return;
    if (this.#isAnswered) {
      cutStream(this.#stream);
    } else {
      this.refuse(408, 'the handshake took too long');
      this.#deadlineMs = nowMs + this.#host.bounds.closeTimeoutMs;
    }
  }

  onData(chunk: Buffer): void {
    if (this.#isAnswered || this.#reader === null) return;
    const result = this.#reader.read(chunk);
    if (result === null) return;
    this.#reader = null;
    if ('status' in result) this.refuse(result.status, result.message);
    else this.begin(result.head, result.rest);
  }

  onEnd(): void {
    this.#stream.end();
  }

  onDrain(): void {}

  /** The client broke off: `onClose` follows, and there is nobody left to tell. */
  onError(): void {}

  onClose(): void {
    this.#isAnswered = true;
    this.#host.settled(this);
  }

  #decide(request: UpgradeRequest, verdict: AcceptableHandshake, rest: Uint8Array): void {
    try {
      if (!isAllowedOrigin(this.#host.bounds.allowedOrigins, request, isEncrypted(this.#stream))) {
        this.refuse(403, 'pages of this origin may not connect here', {}, request.url);
        return;
      }
      const decision = this.#host.handlers.upgrade?.(request);
      if (!isPromise(decision)) {
        this.#answer(decision, request, verdict, rest);
        return;
      }
      // Frames that come before the answer wait in the kernel.
      pauseStream(this.#stream);
      Promise.resolve(decision)
        .then((settled) => this.#answer(settled, request, verdict, rest))
        .catch((error) => this.#fail(error, request));
    } catch (error) {
      this.#fail(error, request);
    }
  }

  #answer(
    decision: UpgradeDecision<Data>,
    request: UpgradeRequest,
    verdict: AcceptableHandshake,
    rest: Uint8Array,
  ): void {
    if (this.#isAnswered || isGone(this.#stream)) return;
    checkDecision(decision);
    if (decision?.status !== undefined) {
      this.refuse(decision.status, decision.message, decision.headers, request.url);
      return;
    }
    // While the handler took its time, others may have been let in.
    const obstacle = this.#host.refusal();
    if (obstacle !== null) {
      this.refuse(503, obstacle, {}, request.url);
      return;
    }
    const protocol = decision?.protocol ?? '';
    if (protocol !== '' && !verdict.protocols.includes(protocol)) {
      throw new WebSocketError(
        'WS_ERR_PROTOCOL_NOT_OFFERED',
        `upgrade chose the subprotocol "${protocol.slice(0, 75)}", which the client did not offer`,
      );
    }
    const { wantedDeflate } = this.#host;
    const deflate = wantedDeflate && acceptDeflateOffer(verdict.extensions, wantedDeflate);
    const head = this.#exchange.accept({
      protocol,
      extensions: deflate === null ? [] : [deflate.extension],
      headers: decision?.headers ?? {},
    });
    this.#isAnswered = true;
    this.#host.settled(this);
    this.#host.admit(this.#stream, head, rest, {
      data: decision?.data as Data,
      protocol,
      deflate: deflate === null ? null : deflate.agreement,
    });
  }

  #fail(error: unknown, request: UpgradeRequest): void {
    this.refuse(500, 'internal error', {}, request.url);
    this.#host.reportError(error);
  }
}

/** What the `upgrade` handler sees. */
class StreamUpgradeRequest implements UpgradeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly protocols: readonly string[];
  readonly #stream: Duplex;

  constructor(head: UpgradeHead, protocols: readonly string[], stream: Duplex) {
    this.method = head.method ?? 'GET';
    this.url = head.url ?? '/';
    this.headers = head.headers as IncomingHttpHeaders;
    this.protocols = protocols;
    this.#stream = stream;
  }

  get remoteAddress(): string {
    return remoteAddressOf(this.#stream);
  }
}

/** Whoever says something else than yes or no must not be let in: RFC 8441 5 takes any 2xx for a yes. */
function checkDecision(decision: unknown): void {
  if (decision === undefined) return;
  const isObject = typeof decision === 'object' && decision !== null;
  const status: unknown = isObject ? (decision as UpgradeRefusal).status : Number.NaN;
  if (status === undefined || (Number.isInteger(status) && Number(status) >= 300 && Number(status) <= 599))
    return;
  throw new WebSocketError(
    'WS_ERR_OPTION',
    'upgrade must return nothing, { data, protocol, headers }, or { status } with an HTTP status from 300 to 599',
  );
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function';
}

import type { Duplex } from 'node:stream';
import {
  type AcceptableRequest,
  acceptDeflateOffer,
  type DeflateAgreement,
  formatAcceptance,
  formatRefusal,
  type HandshakeRequest,
  type HeaderMap,
  judgeRequest,
  RequestHeadReader,
  type ResponseHeaders,
} from '@hawser/protocol/websocket';
import { WebSocketError } from './errors.ts';
import { acceptFor, type NodeNatives } from './natives.ts';
import type {
  TraceEvent,
  UpgradeDecision,
  UpgradeRefusal,
  UpgradeRequest,
  WebSocketServerBounds,
  WebSocketServerHandlers,
} from './options.ts';
import { isAllowedOrigin } from './origin.ts';
import { isEncrypted, ownStream, remoteAddressOf, type StreamOwner } from './stream-owner.ts';

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
  /** The client is let in. `head` is the 101 response, still to be written; `rest` came in behind the request. */
  admit(stream: Duplex, head: Buffer, rest: Uint8Array, admission: Admission<Data>): void;
}

/** What was agreed on with a client. */
export interface Admission<Data> {
  readonly data: Data;
  /** The subprotocol, or an empty string. */
  readonly protocol: string;
  /** How messages are compressed, or `null`. */
  readonly deflate: DeflateAgreement | null;
}

/** A request with its target, as the acceptor and `node:http` both give it. */
export type UpgradeHead = HandshakeRequest & { readonly url?: string | undefined };

/**
 * One client from its TCP connection to the answer of its handshake: owns the stream until it is let in, and sees
 * a refused one off.
 */
export class Handshake<Data> implements StreamOwner {
  readonly #host: HandshakeHost<Data>;
  readonly #stream: Duplex;
  #reader: RequestHeadReader | null = null;
  #isAnswered = false;
  #deadlineMs = -1;

  constructor(host: HandshakeHost<Data>, stream: Duplex) {
    this.#host = host;
    this.#stream = stream;
    ownStream(stream, this);
  }

  /** Waits for a request's head on a stream that is this server's own. */
  readHead(): void {
    this.#reader = new RequestHeadReader(this.#host.natives, this.#host.bounds.maxHeaderBytes);
  }

  /** Judges a request whose head is known; `rest` came in behind it. */
  begin(request: UpgradeHead, rest: Uint8Array): void {
    const verdict = judgeRequest(request);
    const obstacle = this.#host.refusal();
    if (!verdict.isAcceptable) this.refuse(verdict.status, verdict.message, verdict.headers, request.url);
    else if (obstacle !== null) this.refuse(503, obstacle, {}, request.url);
    else this.#decide(new StreamUpgradeRequest(request, verdict.protocols, this.#stream), verdict, rest);
  }

  /** Answers with `status`, and ends the connection. */
  refuse(status: number, message = '', headers: ResponseHeaders = {}, url = ''): void {
    if (this.#isAnswered) return;
    const body = Buffer.from(message);
    const head = Buffer.from(formatRefusal(status, body.length, headers), 'latin1');
    this.#isAnswered = true;
    // What the client still sends has to be read, or its system may discard our answer.
    this.#stream.resume();
    this.#stream.end(Buffer.concat([head, body]));
    const remoteAddress = remoteAddressOf(this.#stream);
    this.#host.trace({ type: 'refused', status, message, url, remoteAddress });
  }

  /** Cuts the connection, answered or not. */
  terminate(): void {
    this.#stream.destroy();
  }

  /** Takes in that time passed. */
  tick(nowMs: number): void {
    if (this.#deadlineMs < 0) this.#deadlineMs = nowMs + this.#host.bounds.handshakeTimeoutMs;
    if (nowMs < this.#deadlineMs) return;
    if (this.#isAnswered) {
      this.#stream.destroy();
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

  #decide(request: UpgradeRequest, verdict: AcceptableRequest, rest: Uint8Array): void {
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
      this.#stream.pause();
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
    verdict: AcceptableRequest,
    rest: Uint8Array,
  ): void {
    if (this.#isAnswered) return;
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
    const head = formatAcceptance({
      accept: acceptFor(verdict.key),
      protocol,
      extensions: deflate === null ? [] : [deflate.extension],
      headers: decision?.headers ?? {},
    });
    this.#isAnswered = true;
    this.#host.settled(this);
    this.#host.admit(this.#stream, Buffer.from(head, 'latin1'), rest, {
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
  readonly headers: HeaderMap;
  readonly protocols: readonly string[];
  readonly #stream: Duplex;

  constructor(head: UpgradeHead, protocols: readonly string[], stream: Duplex) {
    this.method = head.method ?? 'GET';
    this.url = head.url ?? '/';
    this.headers = head.headers;
    this.protocols = protocols;
    this.#stream = stream;
  }

  get remoteAddress(): string {
    return remoteAddressOf(this.#stream);
  }
}

/** Whoever says something else than yes or no must not be let in. */
function checkDecision(decision: unknown): void {
  if (decision === undefined) return;
  const isObject = typeof decision === 'object' && decision !== null;
  const status: unknown = isObject ? (decision as UpgradeRefusal).status : Number.NaN;
  if (status === undefined || (Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599))
    return;
  throw new WebSocketError(
    'WS_ERR_OPTION',
    'upgrade must return nothing, { data, protocol, headers }, or { status } with an HTTP status from 200 to 599',
  );
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function';
}

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { type Packet, VIOLATIONS } from '@hawser/protocol/engineio';
import { CloseCode } from '@hawser/protocol/websocket';
import { attempt, type Flushable } from '@hawser/ws/internal';
import { EngineError, type EngineErrorCode } from './errors.ts';
import { CODINGS, chooseCoding, compressBody, isWorthwhile } from './http-compression.ts';
import { byteLengthOf, controlPacket, type OutgoingPacket } from './packet.ts';
import { type BodyHandler, discardBody, RequestBody } from './request-body.ts';
import { isGone, whenClosed } from './request-stream.ts';
import { type CloseNotice, type EngineRequest, Transport, versionOf } from './transport.ts';
import type { TransportContext } from './transport-context.ts';

/** So much is collected for one response; what is sent beyond it waits in the session, under its bound. */
const MAX_COLLECTED_BYTES = 262_144;

/** How long a session that is closed waits for one more poll, to say so. */
const CLOSE_TIMEOUT_MS = 30_000;

interface Poll {
  readonly request: EngineRequest;
  readonly response: ServerResponse;
}

/**
 * HTTP long-polling: a GET waits until there is something to send, a POST brings what the client has to say.
 *
 * | poll    | event                      | then                                              |
 * | ------- | -------------------------- | ------------------------------------------------- |
 * | none    | GET                        | waits; the session may send                       |
 * | waiting | packets, the turn ends     | answered with all of them, none waits             |
 * | waiting | GET                        | 400, the session ends: two readers share no order |
 * | waiting | the client leaves          | the session ends                                  |
 * | any     | it leaves half an answer   | the session ends                                  |
 * | waiting | a `close` of the client    | answered, be it with a `noop`                     |
 * | waiting | `close`                    | answered with a `close` packet                    |
 * | waiting | packets, then `close`      | answered with the packets, none waits             |
 * | none    | `close`                    | the next GET is, or 30 s pass                     |
 *
 * An answer that is being compressed has its poll still wait, as far as another GET is concerned. A GET that comes before
 * the answer to the one before it was read is held up, unless the session ends.
 *
 * A `close` never comes with messages: clients obey it at once and put messages off, so that those would come too late.
 *
 * The data of a `close` packet says why, as the close frame of a WebSocket does; clients that do not know that pass
 * over it. So do the bodies of responses that refuse a request.
 */
export class Polling extends Transport implements Flushable, BodyHandler {
  static override readonly upgradesTo: readonly string[] = ['websocket', 'webtransport'];

  /** @internal What its session began with: where it moves to goes by the same. */
  readonly context: TransportContext;
  #poll: Poll | null = null;
  #packets: OutgoingPacket[] = [];
  #collectedBytes = 0;
  #isFlushMarked = false;
  #post: Poll | null = null;
  #body: RequestBody | null = null;
  /** Answers that the client has not taken yet: made when there is one. */
  #untaken: Set<ServerResponse> | null = null;
  /** Of the answer that is being compressed: its response has none of them yet. */
  #compressingBytes = 0;
  /** Set while a close waits for a poll. */
  #onClosed: (() => void) | null = null;
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(request: EngineRequest, context: TransportContext) {
    super(versionOf(request), !request._query.b64);
    this.context = context;
  }

  get name(): string {
    return 'polling';
  }

  get bufferedBytes(): number {
    return this.#collectedBytes + this.#untakenBytes;
  }

  override get roomBytes(): number {
    return MAX_COLLECTED_BYTES - this.#collectedBytes;
  }

  override onRequest(request: EngineRequest, response: ServerResponse): void {
    // The first request of a session is kept; what answered it is not.
    request.res = null;
    // While middlewares took their time, the client may have left, of which nothing more would be heard.
    if (isGone(response)) this.#accuse('EIO_ERR_REQUEST_CUT', 'request closed prematurely');
    else if (request.method === 'GET') this.#onPoll({ request, response });
    else if (request.method === 'POST') this.#onPost({ request, response });
    else {
      discardBody(request, this.context);
      response.writeHead(500).end();
    }
  }

  send(packet: OutgoingPacket): void {
    this.#packets.push(packet);
    // An empty one has its type, and a bound.
    this.#collectedBytes += 1 + byteLengthOf(packet.data);
    if (this.#collectedBytes > MAX_COLLECTED_BYTES) this.writable = false;
    if (this.#isFlushMarked) return;
    this.#isFlushMarked = true;
    this.context.flusher.mark(this);
  }

  override discard(): void {
    super.discard();
    this.#onClosed?.();
  }

  override release(): void {
    if (this.#untakenBytes === 0) this.#answerPoll();
  }

  flush(): void {
    this.#isFlushMarked = false;
    if (this.#poll === null || this.#packets.length === 0) return;
    const poll = this.#poll;
    const packets = this.#packets;
    this.#poll = null;
    this.writable = false;
    this.#packets = [];
    this.#collectedBytes = 0;
    this.#awaitTaking(poll.response);
    const body = this.context.codecs[this.protocol].encodePayload(packets, this.allowsBinaryBody);
    const isCompressible = packets.some(
      ({ options, type }) => type === 'message' && options.compress !== false,
    );
    this.#answer(poll, this.frameBody(body), isCompressible);
    for (const { callback } of packets) if (callback !== null) attempt(callback);
    this.emit('drain');
  }

  onBodyPart(): void {
    this.wasHeard = true;
  }

  onBody(body: Buffer): void {
    const { request, response } = this.#takePost();
    const isBinary = request.headers['content-type'] === 'application/octet-stream';
    const payload = isBinary ? body : this.readBody(body);
    const { packets, violation } = this.context.codecs[this.protocol].decodePayload(payload);
    for (const packet of packets) this.deliver(detached(packet, payload.length));
    if (violation === null) {
      const headers = { 'Content-Type': 'text/html', 'Content-Length': '2' };
      response.writeHead(200, this.#decorate(headers, request, response)).end('ok');
    } else {
      refuse(response, 400, VIOLATIONS[violation]);
      this.handler?.onViolation(violation);
    }
  }

  onBodyTooLarge(): void {
    const limit = this.context.maxPayloadBytes;
    const reason = `payload is over the limit of ${limit} bytes`;
    this.#refuseBoth(413, reason);
    const error = new EngineError('EIO_ERR_PAYLOAD_TOO_LARGE', reason, { limit });
    this.fail(error, { code: CloseCode.MESSAGE_TOO_BIG, reason });
  }

  onBodyTooSlow(): void {
    const reason = `payload took longer than ${this.context.maxBodyMs} ms`;
    this.#refuseBoth(408, reason);
    this.#accuse('EIO_ERR_REQUEST_TIMEOUT', reason);
  }

  onBodyCut(): void {
    this.#takePost();
    this.#accuse('EIO_ERR_REQUEST_CUT', 'data request connection closed prematurely');
  }

  /** Whether a response can have a binary body. */
  protected get allowsBinaryBody(): boolean {
    return this.supportsBinary;
  }

  /** Returns the payload that a request's body is. */
  protected readBody(body: Buffer): string {
    return body.toString();
  }

  /** Returns the body of a response that a payload makes. */
  protected frameBody(payload: string | Uint8Array): string | Uint8Array {
    return payload;
  }

  protected doClose(done: () => void, notice: CloseNotice | null): void {
    this.#body?.destroy();
    this.#post = this.#body = null;
    this.#cutUntaken();
    const onClosed = (): void => {
      clearTimeout(this.#closeTimer);
      this.#onClosed = null;
      // It is held up behind an answer that is not taken.
      if (this.#poll !== null) this.#answerClose(null);
      done();
      this.end(undefined);
    };
    this.flush();
    if (this.#poll !== null) {
      this.#answerClose(notice);
      onClosed();
    } else if (this.discarded) {
      onClosed();
    } else {
      this.#onClosed = onClosed;
      this.#closeTimer = setTimeout(onClosed, CLOSE_TIMEOUT_MS).unref();
    }
  }

  protected override onPeerClose(): void {
    this.#answerPoll();
    this.#cutUntaken();
    this.end(undefined);
  }

  #onPoll(poll: Poll): void {
    const { request, response } = poll;
    if (this.#poll !== null || this.#compressingBytes > 0) {
      this.#refuse(poll, 'EIO_ERR_OVERLAP', 'overlap from client');
      return;
    }
    this.#poll = poll;
    discardBody(request, this.context);
    whenClosed(request, response, (isWhole) => {
      this.#untaken?.delete(response);
      if (this.#untaken?.size === 0) this.#untaken = null;
      if (isWhole) {
        // One that is about to be answered is not held up.
        if (!this.writable && !this.#isFlushMarked) this.#usePoll();
        return;
      }
      if (this.#poll === poll) {
        this.#poll = null;
        this.writable = false;
      }
      this.#accuse('EIO_ERR_REQUEST_CUT', 'poll connection closed prematurely');
    });
    this.#usePoll();
  }

  /** A client reads one answer before it asks for the next: who does not, would have any number of them wait. */
  #usePoll(): void {
    if (this.#poll === null || this.#untakenBytes > 0) return;
    this.becomeReady();
    // What waited in the session may have answered the poll by now.
    if (this.#onClosed === null || this.#poll === null) return;
    // As engine.io answers it.
    this.#packets.push(controlPacket('noop'));
    this.#onClosed();
  }

  get #untakenBytes(): number {
    let bytes = this.#compressingBytes;
    for (const response of this.#untaken ?? []) bytes += response.writableLength;
    return bytes;
  }

  /** A poll is no sign of life: whatever repeats it, a proxy say, does so for a client whose program is dead. */
  #onPost(post: Poll): void {
    this.wasHeard = true;
    const { request, response } = post;
    if (this.#post !== null) {
      this.#refuse(post, 'EIO_ERR_OVERLAP', 'data request overlap from client');
    } else if (request.headers['content-type'] === 'application/octet-stream' && this.protocol === 4) {
      this.#refuse(post, 'EIO_ERR_CONTENT_TYPE', 'invalid content');
    } else {
      this.#post = post;
      this.#body = new RequestBody(request, response, this.context, this);
    }
  }

  /** Refuses a body. A poll that waits is told the same: clients go by the answer that they see first. */
  #refuseBoth(status: number, reason: string): void {
    const poll = this.#poll;
    this.#poll = null;
    this.writable = false;
    refuse(this.#takePost().response, status, reason);
    if (poll !== null) refuse(poll.response, status, reason);
  }

  /** Refuses a request, with words. A poll that waits is closed without: the protocol's own suite expects that. */
  #refuse({ request, response }: Poll, code: EngineErrorCode, reason: string): void {
    discardBody(request, this.context);
    refuse(response, 400, reason);
    this.fail(new EngineError(code, reason));
  }

  /** Reports what the client did wrong, for it to be told as well. */
  #accuse(code: EngineErrorCode, reason: string): void {
    this.fail(new EngineError(code, reason), { code: CloseCode.POLICY_VIOLATION, reason });
  }

  #takePost(): Poll {
    const post = this.#post!;
    this.#post = this.#body = null;
    return post;
  }

  /** Answers a poll that waits, with a `noop` where there is nothing to say. */
  #answerPoll(): void {
    if (this.#poll === null) return;
    if (this.#packets.length === 0) this.#packets.push(controlPacket('noop'));
    this.flush();
  }

  #answerClose(notice: CloseNotice | null): void {
    this.#packets.push(controlPacket('close', notice?.reason));
    this.flush();
  }

  #awaitTaking(response: ServerResponse): void {
    if (this.readyState !== 'open') {
      this.#cutLater(response);
      return;
    }
    this.#untaken ??= new Set();
    this.#untaken.add(response);
  }

  #cutUntaken(): void {
    for (const response of this.#untaken ?? []) this.#cutLater(response);
  }

  /** A client that is closed and does not read would hold its connection, and with it the HTTP server's close. */
  #cutLater(response: ServerResponse): void {
    const timer = setTimeout(() => response.destroy(), this.context.closeTimeoutMs).unref();
    response.once('close', () => clearTimeout(timer));
  }

  #answer({ request, response }: Poll, body: string | Uint8Array, isCompressible: boolean): void {
    const { httpCompression } = this.context;
    const contentType = typeof body === 'string' ? 'text/plain; charset=UTF-8' : 'application/octet-stream';
    const headers: OutgoingHttpHeaders = { 'Content-Type': contentType };
    // Node writes a text together with its head.
    const respond = (content: string | Uint8Array): void => {
      headers['Content-Length'] = Buffer.byteLength(content);
      response.writeHead(200, this.#decorate(headers, request, response)).end(content);
    };
    const isCompressed =
      httpCompression !== null && isCompressible && isWorthwhile(httpCompression, Buffer.byteLength(body));
    const coding = isCompressed ? chooseCoding(request, CODINGS) : null;
    if (httpCompression === null || coding === null) {
      respond(body);
      return;
    }
    this.#compressingBytes = Buffer.byteLength(body);
    compressBody(body, coding, httpCompression, (compressed) => {
      this.#compressingBytes = 0;
      if (compressed !== null) headers['Content-Encoding'] = coding;
      respond(compressed ?? body);
    });
  }

  #decorate(
    headers: OutgoingHttpHeaders,
    request: EngineRequest,
    response: ServerResponse,
  ): OutgoingHttpHeaders {
    const userAgent = request.headers['user-agent'] ?? '';
    // Internet Explorer takes a payload for an attack on the page.
    if (userAgent.includes(';MSIE') || userAgent.includes('Trident/')) headers['X-XSS-Protection'] = '0';
    headers['cache-control'] = 'no-store';
    this.emit('headers', headers, request);
    this.context.decorateHeaders(headers, request, response, this.sid);
    return headers;
  }
}

/** Returns a packet whose text is its own: one that was cut out of a longer body keeps all of that in memory. */
function detached(packet: Packet, bodyLength: number): Packet {
  const { data } = packet;
  if (typeof data !== 'string' || data.length * 2 >= bodyLength) return packet;
  return { ...packet, data: ` ${data}`.slice(1) };
}

function refuse(response: ServerResponse, status: number, message: string): void {
  const headers = {
    'Content-Type': 'text/plain; charset=UTF-8',
    'Content-Length': Buffer.byteLength(message),
  };
  response.writeHead(status, headers).end(message);
}

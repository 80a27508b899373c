import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Natives } from '@hawser/protocol/engineio';
import { ByteList } from '@hawser/protocol/websocket';
import { setLongTimeout } from '@hawser/ws/internal';
import { cutRequest, streamOf } from './request-stream.ts';

/** What becomes of a body. */
export interface BodyHandler {
  onBodyPart(): void;
  onBody(body: Buffer): void;
  onBodyTooLarge(): void;
  onBodyTooSlow(): void;
  /** The client left before the end. */
  onBodyCut(): void;
}

/** So much is read of a body after it was refused: a client that is cut while it sends may not see the answer. */
const MAX_DISCARDED_BYTES = 1_048_576;

/** What bounds a body. */
export interface BodyLimits {
  readonly maxPayloadBytes: number;
  readonly maxBodyMs: number;
}

/** What bounds a body, and where it is kept. */
export interface BodyContext extends BodyLimits {
  readonly natives: Natives;
}

/**
 * Has the body of a request that nobody reads read under the same limits, for its client to see the answer: Node reads on
 * as long as it comes. Of HTTP/2 the end is read where there is no body, too: of a stream that is reset before, Node does
 * not let go, nor then of the connection that its client has ended.
 */
export function discardBody(request: IncomingMessage, { maxPayloadBytes, maxBodyMs }: BodyLimits): void {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
  const isEmpty = length === '0' && coding === undefined && streamOf(request) === undefined;
  if (isEmpty || request.complete || request.destroyed) return;
  let byteLength = 0;
  const timer = setLongTimeout(() => cutRequest(request), maxBodyMs);
  request.on('data', (part: Buffer) => {
    byteLength += part.length;
    if (byteLength > maxPayloadBytes + MAX_DISCARDED_BYTES) cutRequest(request);
  });
  for (const event of ['end', 'close']) request.once(event, () => clearTimeout(timer));
}

/** Collects the body of one request under limits, in bytes and in time. What is kept is a small factor of its bytes. */
export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #handler: BodyHandler;
  readonly #maxBytes: number;
  readonly #timer: NodeJS.Timeout;
  /** `null` once its end, whatever that is, was reported. */
  #body: ByteList | null;
  #byteLength = 0;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    { natives, maxPayloadBytes, maxBodyMs }: BodyContext,
    handler: BodyHandler,
  ) {
    this.#request = request;
    this.#handler = handler;
    this.#maxBytes = maxPayloadBytes;
    this.#body = new ByteList(natives);
    this.#timer = setLongTimeout(() => this.#onTimeout(), maxBodyMs);
    request.on('data', (part: Buffer) => this.#onPart(part));
    request.on('end', () => this.#onEnd());
    response.on('close', () => this.#onClose());
  }

  /** Takes no more of it, and cuts the client off. */
  destroy(): void {
    this.#body = null;
    cutRequest(this.#request);
  }

  #onPart(part: Buffer): void {
    this.#byteLength += part.length;
    if (this.#byteLength <= this.#maxBytes) {
      this.#body?.append(part, 0, part.length);
      this.#handler.onBodyPart();
    } else if (this.#body !== null) {
      this.#body = null;
      this.#handler.onBodyTooLarge();
    } else if (this.#byteLength > this.#maxBytes + MAX_DISCARDED_BYTES) {
      cutRequest(this.#request);
    }
  }

  #onEnd(): void {
    clearTimeout(this.#timer);
    const body = this.#body;
    if (body === null) return;
    this.#body = null;
    this.#handler.onBody(body.join() as Buffer);
  }

  /** A client whose body was refused before, and that still sends, has seen the answer or never will. */
  #onTimeout(): void {
    if (this.#body !== null) {
      this.#body = null;
      this.#handler.onBodyTooSlow();
    }
    cutRequest(this.#request);
  }

  #onClose(): void {
    // The answer to a body that was refused may be complete before the body is.
    if (this.#request.complete || this.#request.destroyed) clearTimeout(this.#timer);
    if (this.#body === null) return;
    this.#body = null;
    this.#handler.onBodyCut();
  }
}

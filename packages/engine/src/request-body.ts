import type { IncomingMessage, ServerResponse } from 'node:http';
import { setLongTimeout } from '@hawser/ws/internal';

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

/** Collects the body of one request under limits, in bytes and in time. */
export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #handler: BodyHandler;
  readonly #maxBytes: number;
  readonly #timer: NodeJS.Timeout;
  #parts: Buffer[] = [];
  #byteLength = 0;
  #isDone = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    { maxPayloadBytes, maxBodyMs }: BodyLimits,
    handler: BodyHandler,
  ) {
    this.#request = request;
    this.#handler = handler;
    this.#maxBytes = maxPayloadBytes;
    this.#timer = setLongTimeout(() => this.#onTimeout(), maxBodyMs);
    request.on('data', (part: Buffer) => this.#onPart(part));
    request.on('end', () => this.#onEnd());
    response.on('close', () => this.#onClose());
  }

  /** Takes no more of it, and cuts the client off. */
  destroy(): void {
    this.#finish();
    this.#request.destroy();
  }

  #onPart(part: Buffer): void {
    this.#byteLength += part.length;
    if (this.#byteLength <= this.#maxBytes) {
      this.#parts.push(part);
      this.#handler.onBodyPart();
    } else if (!this.#isDone) {
      this.#finish();
      this.#handler.onBodyTooLarge();
    } else if (this.#byteLength > this.#maxBytes + MAX_DISCARDED_BYTES) {
      this.#request.destroy();
    }
  }

  #onEnd(): void {
    clearTimeout(this.#timer);
    if (this.#isDone) return;
    const body = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#byteLength);
    this.#finish();
    this.#handler.onBody(body);
  }

  /** A client whose body was refused before, and that still sends, has seen the answer or never will. */
  #onTimeout(): void {
    if (!this.#isDone) {
      this.#finish();
      this.#handler.onBodyTooSlow();
    }
    this.#request.destroy();
  }

  #onClose(): void {
    // The answer to a body that was refused may be complete before the body is.
    if (this.#request.complete || this.#request.destroyed) clearTimeout(this.#timer);
    if (this.#isDone) return;
    this.#finish();
    this.#handler.onBodyCut();
  }

  #finish(): void {
    this.#isDone = true;
    this.#parts = [];
  }
}

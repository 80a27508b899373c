import type { IncomingMessage, ServerResponse } from 'node:http';

/** What becomes of a body. */
export interface BodyHandler {
  onBodyPart(): void;
  onBody(body: Buffer): void;
  onBodyTooLarge(): void;
  /** The client left before the end. */
  onBodyCut(): void;
}

/** So much is read of a body after it was refused: a client that is cut while it sends may not see the answer. */
const MAX_DISCARDED_BYTES = 1_048_576;

/** Collects the body of one request under a limit. */
export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #handler: BodyHandler;
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #byteLength = 0;
  #isDone = false;

  constructor(request: IncomingMessage, response: ServerResponse, maxBytes: number, handler: BodyHandler) {
    this.#request = request;
    this.#handler = handler;
    this.#maxBytes = maxBytes;
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
    if (this.#isDone) return;
    const body = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#byteLength);
    this.#finish();
    this.#handler.onBody(body);
  }

  #onClose(): void {
    if (this.#isDone) return;
    this.#finish();
    this.#handler.onBodyCut();
  }

  #finish(): void {
    this.#isDone = true;
    this.#parts = [];
  }
}

import type { Readable } from 'node:stream';
import { WebSocketError } from './errors.ts';

/** Bytes of a refusal's body that its error quotes. */
const MAX_QUOTED_BODY_BYTES = 200;

/** An answer that opens no connection, and the beginning of its body: it mostly says why. */
export class Refusal {
  readonly #toError: (body: string) => WebSocketError;
  #body = '';

  /** @param onRead - told the error once all that it quotes has come in */
  constructor(
    response: Readable,
    toError: (body: string) => WebSocketError,
    onRead: (error: WebSocketError) => void,
  ) {
    this.#toError = toError;
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      this.#body += text;
      if (this.#body.length >= MAX_QUOTED_BODY_BYTES) onRead(this.error());
    });
    response.on('end', () => onRead(this.error()));
    response.on('error', () => onRead(this.error()));
  }

  error(): WebSocketError {
    return this.#toError(this.#body);
  }
}

/** Returns the error for an answer with another status than the one that opens the connection. */
export function unexpectedStatus(status: number, statusMessage: string, body: string): WebSocketError {
  const quote = body === '' ? '' : `: ${body.slice(0, MAX_QUOTED_BODY_BYTES).trim()}`;
  const message = `the server answered ${`${status} ${statusMessage}`.trim()}${quote}`;
  return new WebSocketError('WS_ERR_UNEXPECTED_STATUS', message, { status });
}

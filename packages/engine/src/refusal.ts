import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ERROR_MESSAGES, ERRORS, type ErrorNumber } from './errors.ts';
import type { EngineRequest } from './transport.ts';
import { endWith, exchangeOf, isHttp2Stream } from './websocket-engine.ts';

/** What an error is about. A `message` is what the client reads, and the `reason` why its session is not there. */
export type ErrorContext = Record<string, unknown> & {
  name?: string;
  message?: string | null | undefined;
  reason?: string | undefined;
};

/** Told the verdict on a request: nothing where it is fine. */
export type ErrorCallback = (errorCode?: ErrorNumber, errorContext?: ErrorContext) => void;

/** Answers an HTTP request that is turned away. */
export function abortRequest(response: ServerResponse, code: ErrorNumber, context: ErrorContext): void {
  // A middleware may have answered before it failed.
  if (response.headersSent) {
    if (!response.writableEnded) response.end();
    return;
  }
  response.writeHead(code === ERRORS.FORBIDDEN ? 403 : 400, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ code, message: messageOf(code, context), reason: context.reason }));
}

/** Answers an upgrade that is turned away, and ends the connection, or the stream of one over HTTP/2. */
export function abortUpgrade(
  request: EngineRequest,
  socket: Duplex,
  code: ErrorNumber,
  context: ErrorContext,
): void {
  const message = String(messageOf(code, context));
  if (isHttp2Stream(socket)) {
    exchangeOf(request, socket).refuse(400, Buffer.from(message), { 'Content-Type': 'text/html' });
    return;
  }
  const head = `HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-type: text/html\r\n`;
  endWith(socket, `${head}Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`);
}

function messageOf(code: ErrorNumber, context: ErrorContext): string {
  return context.message || ERROR_MESSAGES[code];
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';

/** Cuts off the client of a request. */
export function cutRequest(request: IncomingMessage): void {
  const stream = streamOf(request);
  // To destroy a request of HTTP/2 only pauses it, for good.
  if (stream === undefined) request.destroy();
  else if (!stream.writableEnded) stream.close(constants.NGHTTP2_CANCEL);
  // RFC 9113 8.1: who has been answered is told to stop without an error, and keeps the answer.
  else stream.destroy();
}

/** Tells whether the client of a response has left. */
export function isGone(response: ServerResponse): boolean {
  const stream = streamOf(response);
  // A stream that was reset is closed at once, and may be destroyed only later.
  return stream === undefined ? response.destroyed : stream.closed || stream.destroyed;
}

/** Tells whether a response that has closed went out whole. */
export function hasGoneOut({ socket }: IncomingMessage, response: ServerResponse): boolean {
  // One of HTTP/2 that was reset before it was answered says that it has finished.
  if (!response.writableEnded || !response.writableFinished) return false;
  // So does one of HTTP/1.1 whose connection was cut while it was on its way.
  return streamOf(response) !== undefined || !socket.destroyed || socket.writableFinished;
}

/** Returns what a request of HTTP/2, and its response, go over; of HTTP/1.1 there is no such thing. */
export function streamOf(message: IncomingMessage | ServerResponse): ServerHttp2Stream | undefined {
  return (message as { stream?: ServerHttp2Stream }).stream;
}

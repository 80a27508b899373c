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

/** Has `onClose` called when a response closes, and tells it whether all of it went out. */
export function whenClosed(
  { socket }: IncomingMessage,
  response: ServerResponse,
  onClose: (isWhole: boolean) => void,
): void {
  let isCut = streamOf(response) === undefined;
  if (isCut) {
    // One whose connection was cut while it was on its way has finished, too, if it is asked. Before listeners of the
    // program, which may end the connection then.
    response.prependListener('finish', () => {
      isCut = socket.destroyed;
    });
  }
  // So does one of HTTP/2 that was reset before it was answered.
  response.on('close', () => onClose(response.writableEnded && response.writableFinished && !isCut));
}

/** Returns what a request of HTTP/2, and its response, go over; of HTTP/1.1 there is no such thing. */
export function streamOf(message: IncomingMessage | ServerResponse): ServerHttp2Stream | undefined {
  return (message as { stream?: ServerHttp2Stream }).stream;
}

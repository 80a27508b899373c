import { constants, type Http2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { nextTick } from './event-loop.ts';
import { createReadSharing, pauseStream } from './shared-reads.ts';

/** Who deals with what a stream reports: one owner at a time, so that a handover touches no listener. */
export interface StreamOwner {
  onData(chunk: Buffer): void;
  /** Instead of `onData`, for an owner that can: `chunk` is its own only until this returns. */
  onLentData?(chunk: Buffer): void;
  onEnd(): void;
  onDrain(): void;
  onError(error: Error): void;
  onClose(): void;
  /** The peer takes nothing more, and what it sent before ends here. */
  onReset?(): void;
}

const OWNER: unique symbol = Symbol('hawser.owner');

interface OwnedStream extends Duplex {
  [OWNER]: StreamOwner;
}

const shareReads = createReadSharing((socket, chunk) => {
  const owner = (socket as Duplex as OwnedStream)[OWNER];
  // A program that took the socket over has a listener in place of ours.
  if (owner.onLentData === undefined || socket.listenerCount('data', onData) === 0) return false;
  owner.onLentData(chunk);
  return true;
});

/**
 * Makes `owner` the one that deals with `stream`, in place of the owner before it.
 *
 * The listeners are shared by all streams and find their owner on the stream: a closure for each would cost
 * every idle connection some 300 bytes (`npm run bench -- --only idle`).
 */
export function ownStream(stream: Duplex, owner: StreamOwner): void {
  const isHandover = isOwned(stream);
  (stream as OwnedStream)[OWNER] = owner;
  shareReads(stream);
  if (isHandover) return;
  stream.on('data', onData);
  stream.on('end', onEnd);
  stream.on('drain', onDrain);
  stream.on('error', onError);
  stream.on('close', onClose);
  if (isHttp2(stream)) stream.on('aborted', onAborted);
}

/** Gives a chunk back to its stream, which emits it in a later tick, before whatever it reads until then. */
export function readLater(stream: Duplex, chunk: Buffer): void {
  pauseStream(stream);
  stream.unshift(chunk);
  stream.resume();
}

/** Tells whether `stream` has an owner. */
export function isOwned(stream: Duplex): boolean {
  return OWNER in stream;
}

/** Tells whether `stream` is a TLS connection, or a stream of one. */
export function isEncrypted(stream: Duplex): boolean {
  const connection = isHttp2(stream) ? stream.session : (stream as Partial<TLSSocket>);
  return connection?.encrypted === true;
}

/** Returns the IP address at the other end, or an empty string where it is not known or not known any more. */
export function remoteAddressOf(stream: Duplex): string {
  const session = isHttp2(stream) ? stream.session : undefined;
  // A session that is destroyed throws at whoever asks for its socket.
  const socket = session?.destroyed === false ? session.socket : (stream as Partial<Socket>);
  return socket.remoteAddress ?? '';
}

/** Tells whether nothing can be written to `stream` any more: one of HTTP/2 may have been reset. */
export function isGone(stream: Duplex): boolean {
  return stream.destroyed || stream.closed;
}

/** Tells whether the client of `stream` has left, or ended its side, with nobody to hear of it any more. */
export function hasLeft(stream: Duplex): boolean {
  return !stream.readable || isGone(stream);
}

/**
 * Ends our side. A stream of HTTP/2 is closed with it: what the peer might still send does not count any more, and
 * nothing that was sent gets lost (RFC 9113 section 8.1). Browsers leave it to us: they do not end their side.
 */
export function endStream(stream: Duplex, last: Uint8Array | null = null): void {
  const onFinish = (): void => (stream as Http2Stream).close(constants.NGHTTP2_NO_ERROR);
  if (isHttp2(stream)) stream.end(last, onFinish);
  else stream.end(last);
}

/** Cuts the connection; of HTTP/2 the one stream, with the code that stands for TCP's reset (RFC 8441 section 5). */
export function cutStream(stream: Duplex): void {
  if (isHttp2(stream)) stream.close(constants.NGHTTP2_CANCEL);
  stream.destroy();
}

function isHttp2(stream: Duplex): stream is Http2Stream {
  return 'rstCode' in stream;
}

function onData(this: Duplex, chunk: Buffer): void {
  (this as OwnedStream)[OWNER].onData(chunk);
}

function onEnd(this: Duplex): void {
  (this as OwnedStream)[OWNER].onEnd();
}

function onDrain(this: Duplex): void {
  (this as OwnedStream)[OWNER].onDrain();
}

function onError(this: Duplex, error: Error): void {
  (this as OwnedStream)[OWNER].onError(error);
}

function onClose(this: Duplex): void {
  (this as OwnedStream)[OWNER].onClose();
}

/**
 * The stream was reset. With no error, what came before still counts (RFC 9113 section 8.1), and Node ends the stream
 * behind it.
 */
function onAborted(this: Http2Stream): void {
  const owner = (this as Duplex as OwnedStream)[OWNER];
  if (this.rstCode === constants.NGHTTP2_NO_ERROR && owner.onReset !== undefined) owner.onReset();
  // Not at once: a reset of ours is still to be sent.
  else nextTick(() => this.destroy());
}

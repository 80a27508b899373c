import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/** Who deals with what a stream reports: one owner at a time, so that a handover touches no listener. */
export interface StreamOwner {
  onData(chunk: Buffer): void;
  onEnd(): void;
  onDrain(): void;
  onError(error: Error): void;
  onClose(): void;
}

const OWNER: unique symbol = Symbol('hawser.owner');

interface OwnedStream extends Duplex {
  [OWNER]: StreamOwner;
}

/**
 * Makes `owner` the one that deals with `stream`, in place of the owner before it.
 *
 * The listeners are shared by all streams and find their owner on the stream: a closure for each would cost
 * every idle connection some 300 bytes (`npm run bench -- --only idle`).
 */
export function ownStream(stream: Duplex, owner: StreamOwner): void {
  const isHandover = isOwned(stream);
  (stream as OwnedStream)[OWNER] = owner;
  if (isHandover) return;
  stream.on('data', onData);
  stream.on('end', onEnd);
  stream.on('drain', onDrain);
  stream.on('error', onError);
  stream.on('close', onClose);
}

/** Tells whether `stream` has an owner. */
export function isOwned(stream: Duplex): boolean {
  return OWNER in stream;
}

/** Tells whether `stream` is a TLS connection. */
export function isEncrypted(stream: Duplex): boolean {
  return (stream as Partial<TLSSocket>).encrypted === true;
}

/** Returns the IP address at the other end, or an empty string where it is not known or not known any more. */
export function remoteAddressOf(stream: Duplex): string {
  return (stream as Partial<Socket>).remoteAddress ?? '';
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

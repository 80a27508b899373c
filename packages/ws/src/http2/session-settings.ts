import type { ClientHttp2Session } from 'node:http2';

/** So long after a ping that was refused another is tried. */
const PING_AGAIN_MS = 50;

/** Tells whether no stream can be opened any more. */
export function isOver(session: ClientHttp2Session): boolean {
  return session.closed || session.destroyed;
}

/** Tells whether the server's settings, as far as they are known, let a stream become a WebSocket. */
export function offersConnect(session: ClientHttp2Session): boolean {
  return !isOver(session) && session.remoteSettings.enableConnectProtocol === true;
}

/**
 * Calls back once, when the server's first settings have come, or will not come any more.
 * @returns what has it call back no more
 */
export function whenSettingsKnown(session: ClientHttp2Session, callback: () => void): () => void {
  if (offersConnect(session) || isOver(session)) {
    callback();
    return () => {};
  }
  const others = waiting.get(session);
  const callbacks = others ?? new Set();
  callbacks.add(callback);
  if (others === undefined) {
    waiting.set(session, callbacks);
    awaitSettings(session, callbacks);
  }
  return () => callbacks.delete(callback);
}

/** Who waits for a session's settings: together, as Node takes ten pings at a time, and warns of more listeners. */
const waiting = new WeakMap<ClientHttp2Session, Set<() => void>>();

function awaitSettings(session: ClientHttp2Session, callbacks: Set<() => void>): void {
  const known = (): void => {
    // The answer to the ping comes as well. Whoever has come since waits for their own.
    if (waiting.get(session) !== callbacks) return;
    session.off('remoteSettings', known);
    session.off('close', known);
    waiting.delete(session);
    for (const callback of callbacks) callback();
    callbacks.clear();
  };
  const ask = (): void => {
    // Or nobody waits any more.
    if (isOver(session) || callbacks.size === 0) {
      known();
      return;
    }
    session.ping((error) => {
      if (error === null || isOver(session)) known();
      // Too many of the caller's are under way: that tells nothing.
      else setTimeout(ask, PING_AGAIN_MS).unref();
    });
  };
  session.on('remoteSettings', known);
  session.on('close', known);
  // Of a session that was handed in, they may have come long ago; they come before the answer to any ping.
  if (!session.connecting) ask();
}

import type { ClientHttp2Session } from 'node:http2';

/** Tells whether no stream can be opened any more. */
export function isOver(session: ClientHttp2Session): boolean {
  return session.closed || session.destroyed;
}

/** Tells whether the server's settings, as far as they are known, let a stream become a WebSocket. */
export function offersConnect(session: ClientHttp2Session): boolean {
  return !isOver(session) && session.remoteSettings.enableConnectProtocol === true;
}

/** Calls back once, when the server's first settings have come, or will not come any more. */
export function whenSettingsKnown(session: ClientHttp2Session, callback: () => void): void {
  if (offersConnect(session) || isOver(session)) {
    callback();
    return;
  }
  const others = waiting.get(session);
  if (others !== undefined) {
    others.push(callback);
    return;
  }
  waiting.set(session, [callback]);
  awaitSettings(session);
}

/** Who waits for a session's settings: together, as Node takes ten pings at a time, and warns of more listeners. */
const waiting = new WeakMap<ClientHttp2Session, (() => void)[]>();

function awaitSettings(session: ClientHttp2Session): void {
  const known = (): void => {
    session.off('remoteSettings', known);
    session.off('close', known);
    const callbacks = waiting.get(session) ?? [];
    waiting.delete(session);
    for (const callback of callbacks) callback();
  };
  session.on('remoteSettings', known);
  session.on('close', known);
  if (session.connecting) return;
  // Of a session that was handed in, they may have come long ago; they come before the answer to any ping.
  session.ping((error) => {
    // Too many of the caller's are under way: that tells nothing.
    if (error === null || isOver(session)) known();
  });
}

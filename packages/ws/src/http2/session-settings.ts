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
  let isKnown = false;
  const known = (): void => {
    session.off('remoteSettings', known);
    session.off('close', known);
    if (!isKnown) callback();
    isKnown = true;
  };
  session.on('remoteSettings', known);
  session.on('close', known);
  // Of a session that was handed in, they may have come long ago; they come before the answer to any ping.
  if (!session.connecting) session.ping(known);
}

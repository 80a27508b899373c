import type { Http2SecureServer, Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { CONNECT_PROTOCOL } from '@hawser/protocol/websocket';
import { nextTick } from '../event-loop.ts';
import {
  type Attachment,
  countForeign,
  findClaimant,
  isFirst,
  markRoute,
  type Route,
} from '../upgrade-router.ts';

type ConnectListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** Tells an HTTP/2 server from one of `node:http` and `node:https`. */
export function isHttp2Server(server: object): server is Http2Server | Http2SecureServer {
  return 'updateSettings' in server;
}

/**
 * Has `route` take part in the CONNECT streams of an HTTP/2 server, as `attachUpgrade` does in its upgrades.
 *
 * | stream                         | goes to                                                              |
 * | ------------------------------ | -------------------------------------------------------------------- |
 * | another method                 | whoever else listens                                                 |
 * | WebSocket, to a path of ours   | who claims the path                                                  |
 * | any other CONNECT              | foreign listeners to `stream` or `connect`; refused if there are none |
 *
 * Every listener sees every stream. Ours answer after all others have been called, so that one which answers a
 * stream that is ours takes it, and does not break.
 */
export function attachConnect(
  server: Http2Server | Http2SecureServer,
  { path, handle, refuse }: Route<ConnectListener>,
): Attachment {
  server.updateSettings({ enableConnectProtocol: true });
  const onStream = markRoute(path, (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    if (headers[':method'] !== 'CONNECT') return;
    const isWebSocket = headers[':protocol'] === CONNECT_PROTOCOL;
    const claimant = isWebSocket ? findClaimant(server, 'stream', headers[':path'] ?? '') : undefined;
    const isRefused = claimant === undefined && isFirst(server, 'stream', onStream) && isOursAlone(server);
    if (claimant !== onStream && !isRefused) return;
    // A reset that came in with the request is reported before our turn.
    stream.on('error', ignore);
    nextTick(() => {
      stream.off('error', ignore);
      if (stream.headersSent || stream.closed) return;
      // Whoever asks for something else is told so by the judge of the handshake.
      if (isRefused && isWebSocket) refuse(stream, headers);
      else handle(stream, headers);
    });
  });
  // `node:http2` answers each CONNECT with 405 where there is a `request` listener, and none such. For it a CONNECT of
  // HTTP/1.1, which alone comes with a head, would not be cut any more.
  const onConnect = markRoute(path, (_request: unknown, target: Duplex, head?: Buffer) => {
    if (head !== undefined && countForeign(server, 'connect') === 0) target.destroy();
  });
  server.on('stream', onStream);
  server.on('connect', onConnect);
  return {
    detach: () => {
      server.off('stream', onStream);
      server.off('connect', onConnect);
    },
  };
}

function ignore(): void {}

/** Nobody else would answer a CONNECT. */
function isOursAlone(server: Http2Server | Http2SecureServer): boolean {
  // `node:http2` makes its `request` events of streams with a listener of its own.
  const own = server.listenerCount('request') > 0 ? 1 : 0;
  return countForeign(server, 'stream') <= own && countForeign(server, 'connect') === 0;
}

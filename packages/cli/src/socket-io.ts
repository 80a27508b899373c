import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { Server, type Socket } from '@hawser/io';
import { MAX_CHAT_MESSAGE_BYTES } from './chat/limits.ts';

export { Server, type Socket };

/** How long someone may be away and still get everything that they missed. */
const RECOVERY_MS = 2 * 60 * 1000;
// An attachment travels beside its event, which is bounded by the chat itself.
const MAX_PACKET_BYTES = MAX_CHAT_MESSAGE_BYTES + 1024;

/** Start a Socket.IO server on an HTTP server, for pages of that server alone. */
export function createSocketIoServer(http: HttpServer): Server {
  return new Server(http, {
    serveClient: false,
    maxHttpBufferSize: MAX_PACKET_BYTES,
    connectionStateRecovery: { maxDisconnectionDuration: RECOVERY_MS },
    allowRequest: (request, decide) => {
      if (isSameOrigin(request)) decide(null, true);
      else decide('a page of another site may not connect', false);
    },
  });
}

// Browsers let every page connect to every WebSocket: it is the server that has to look where it comes from.
function isSameOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

import { CloseCode, VIOLATIONS } from '@hawser/protocol/websocket';
import { attempt, type StreamConnection, type StreamEvents, throwLater } from '@hawser/ws/internal';
import type { WebSocket } from './websocket.ts';

/** What a connection reports, for all sockets of this process. */
export const SOCKET_EVENTS: StreamEvents<WebSocket> = Object.freeze({
  message: (socket, data, isBinary, fragmentEnds) => socket._deliver(data, isBinary, fragmentEnds),
  ping: (socket, data) => emitSafely(socket, 'ping', data),
  pong: (socket, data) => emitSafely(socket, 'pong', data),
  pingFlood: ({ peer }) => peer.terminate(),
  drain: () => {},
  failed: throwLater,
  cutWhileHeld: ({ peer }) => peer._onCut(),
  ending: ({ peer }) => peer._onEnding(),
  closing: ({ peer }) => peer._onClosing(),
  finished: ({ peer }) => peer._onFinished(),
  closed: ({ peer }) => peer._onClosed(),
} satisfies StreamEvents<WebSocket>);

/** The same, each message, ping and pong in a turn of its own. */
export const SOCKET_EVENTS_APART: StreamEvents<WebSocket> = Object.freeze({
  ...SOCKET_EVENTS,
  message: (socket, data, isBinary, fragmentEnds) => {
    socket._deliver(data, isBinary, fragmentEnds);
    connectionOf(socket).delivery.letTurnEnd();
  },
  ping: (socket, data) => {
    emitSafely(socket, 'ping', data);
    connectionOf(socket).delivery.letTurnEnd();
  },
  pong: (socket, data) => {
    emitSafely(socket, 'pong', data);
    connectionOf(socket).delivery.letTurnEnd();
  },
} satisfies StreamEvents<WebSocket>);

/**
 * Has a `close()` that a program put in place of ours answer what ends its connection, as with `ws`: the peer's close frame,
 * or what it did wrong. Where it does not, we do.
 */
export function answerByClose(socket: WebSocket): void {
  const { violation, wasClean, closeCode } = connectionOf(socket).ending;
  attempt(() => {
    if (violation !== null) socket.close(VIOLATIONS[violation.code].closeCode);
    else if (wasClean && closeCode === CloseCode.NO_STATUS) socket.close();
    else if (wasClean) socket.close(closeCode, socket._closeMessage);
  });
}

function emitSafely(socket: WebSocket, event: string, data: Buffer): void {
  attempt(() => socket.emit(event, data));
}

function connectionOf(socket: WebSocket): StreamConnection<WebSocket> {
  return socket._connection!;
}

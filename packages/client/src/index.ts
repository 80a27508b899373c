/**
 * A Socket.IO client for browsers and Node.
 * @module @hawser/client
 */

export { Fetch, NodeWebSocket, NodeXHR, WebSocket, WebTransport, XHR } from './engine/index.ts';
export { SocketError, type SocketErrorCode } from './errors.ts';
export { io, io as connect, io as default } from './io.ts';
export { Manager, type ManagerOptions, type ManagerReservedEvents } from './manager.ts';
export { protocol } from './parser.ts';
export type { RecoveryRefusal } from './recovery.ts';
export { Socket } from './socket.ts';
export type {
  DisconnectDescription,
  ExtendedError,
  SocketOptions,
  SocketReservedEvents,
} from './socket-options.ts';

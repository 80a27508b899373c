/**
 * A WebSocket server and a client for Node.
 * @module @hawser/ws
 */

export type { ListenTarget } from './acceptor.ts';
export { type ClientSendOptions, type MessageData, WebSocket } from './client.ts';
export type { WebSocketClientOptions } from './client-options.ts';
export type { CompressionOptions } from './compression/compression-options.ts';
export type { SendData, SendOptions } from './data.ts';
export { WebSocketError, type WebSocketErrorCode } from './errors.ts';
export { CloseEvent, ErrorEvent, type WebSocketEventMap } from './events.ts';
export type {
  AllowedOrigins,
  SlowConsumerPolicy,
  TraceEvent,
  UpgradeAcceptance,
  UpgradeDecision,
  UpgradeRefusal,
  UpgradeRequest,
  WebSocketServerBounds,
  WebSocketServerHandlers,
  WebSocketServerOptions,
} from './options.ts';
export { type CloseOptions, type PublishOptions, WebSocketServer } from './server.ts';
export { ServerSocket } from './server-socket.ts';
export type { SendResult } from './stream-context.ts';
export {
  type WebSocketCloseInfo,
  type WebSocketOpenInfo,
  WebSocketStream,
  type WebSocketStreamOptions,
} from './web-socket-stream.ts';

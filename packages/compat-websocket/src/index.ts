/**
 * The API of the package `websocket`.
 * @module @hawser/compat-websocket
 */

export type { WebSocketClientEvents } from './client.ts';
export { WebSocketClient as client } from './client.ts';
export { WebSocketConnection as connection } from './connection.ts';
export type { ConnectionState, WebSocketConnectionEvents } from './connection-events.ts';
export { deprecation } from './deprecation.ts';
export type { IBufferList } from './frame.ts';
export { WebSocketFrame as frame } from './frame.ts';
export type {
  IBinaryMessage,
  IClientConfig,
  IConfig,
  ICookie,
  IExtension,
  IKeepaliveConfig,
  IServerConfig,
  IStringified,
  IUtf8Message,
  Message,
} from './options.ts';
export type { WebSocketRequestEvents } from './request.ts';
export { WebSocketRequest as request } from './request.ts';
export type { IRequestedExtension } from './request-headers.ts';
export type { IRouterConfig, IRouterHandler } from './router.ts';
export { WebSocketRouter as router } from './router.ts';
export type { WebSocketRouterRequest as IRouterRequest } from './router-request.ts';
export type { WebSocketServerEvents } from './server.ts';
export { WebSocketServer as server } from './server.ts';
export { version } from './version.ts';
export type { ICloseEvent, IMessageEvent } from './w3c-websocket.ts';
export { W3CWebSocket as w3cwebsocket } from './w3c-websocket.ts';

/**
 * An Engine.IO server: sessions over WebSocket, HTTP long polling and WebTransport.
 * @module @hawser/engine
 */

export type { BaseServer } from './base-server.ts';
export { EngineError, type EngineErrorCode } from './errors.ts';
export { attach, listen } from './listen.ts';
export type { Middleware } from './middleware.ts';
export type {
  AllowRequest,
  AttachOptions,
  CookieOptions,
  PerMessageDeflateOptions,
  ServerOptions,
  TransportName,
} from './options.ts';
export type { OutgoingPacket, RawData, SendCallback, SendOptions } from './packet.ts';
export * as parser from './parser.ts';
export { protocol } from './parser.ts';
export { PreparedMessage } from './prepared-message.ts';
export type { ErrorCallback } from './refusal.ts';
export type { AnyHttpServer } from './router.ts';
export { Server } from './server.ts';
export { Socket } from './session.ts';
export type { CloseReason } from './session-consumer.ts';
export { type CloseDescription, type EngineRequest, Transport } from './transport.ts';
export { transports } from './transports.ts';
export { type UwsAttachOptions, UwsServer as uServer } from './uws/server.ts';

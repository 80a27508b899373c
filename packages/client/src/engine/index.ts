/**
 * An Engine.IO client for browsers and Node, with the names of `engine.io-client`.
 * @module @hawser/client/engine
 */

export { nextTick } from '#platform';
export { Fetch, NodeWebSocket, NodeXHR, transports } from '#transports';
export type { SocketOptions, TransportCtor, TransportName } from './options.ts';
export type { BinaryType, Packet, RawData, WriteOptions } from './packet.ts';
export { parse } from './parse-uri.ts';
export { SocketWithoutUpgrade } from './session.ts';
export type { HandshakeData, SocketReservedEvents } from './session-events.ts';
export { Socket, SocketWithUpgrade } from './socket.ts';
export { installTimerFunctions } from './timers.ts';
export {
  type CloseDetails,
  Transport,
  TransportError,
  type TransportReservedEvents,
} from './transport.ts';
export { WS as WebSocket } from './transports/websocket.ts';
export { WT as WebTransport } from './transports/webtransport.ts';
export { XHR } from './transports/xhr.ts';

/** The version of the protocol. */
export const protocol = 4;

export * as extension from './extension.ts';
export { PerMessageDeflate } from './permessage-deflate.ts';
export { Receiver } from './receiver.ts';
export { Sender } from './sender.ts';
export { WebSocketServer } from './server.ts';
export { createWebSocketStream } from './stream.ts';
export * as subprotocol from './subprotocol.ts';
export { WebSocket } from './websocket.ts';

/** The adapters and the parser, in one place. */

export type { BroadcastFlags, BroadcastOptions, Room, Session, SocketId } from 'socket.io-adapter';
export { Adapter, SessionAwareAdapter } from 'socket.io-adapter';
export * as parser from 'socket.io-parser';

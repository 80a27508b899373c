export { Adapter, type Eventually } from './adapter.ts';
export type {
  AckCallback,
  AdapterNamespace,
  AdapterPacket,
  AdapterSocket,
  BroadcastFlags,
  BroadcastOptions,
  Encoded,
  PrivateSessionId,
  Room,
  Session,
  SessionToPersist,
  SocketId,
  WriteOptions,
} from './contract.ts';
export { SessionAwareAdapter } from './session-aware-adapter.ts';

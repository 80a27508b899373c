export { Adapter, type Eventually } from './adapter.ts';
export { ClusterAdapter } from './cluster-adapter.ts';
export { type ClusterAdapterOptions, ClusterAdapterWithHeartbeat } from './cluster-adapter-with-heartbeat.ts';
export { ClusterError, type ClusterErrorCode } from './cluster-error.ts';
export {
  type ClusterMessage,
  type ClusterMessageBody,
  type ClusterResponse,
  type ClusterResponseBody,
  type EncodedOptions,
  MessageType,
  type Offset,
  type ServerId,
} from './cluster-message.ts';
export type { AwaitedServers } from './cluster-requests.ts';
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

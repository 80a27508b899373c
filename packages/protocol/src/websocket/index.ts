/**
 * The WebSocket protocol (RFC 6455, RFC 7692) as pure state machines: bytes in, handler calls and bytes out.
 * @module @hawser/protocol/websocket
 */

export { ByteList } from './byte-list.ts';
export { Chunk } from './chunk.ts';
export {
  type AcceptedResponse,
  type HandshakeErrorCode,
  type HandshakeOffer,
  type HandshakeResponse,
  judgeResponse,
  type RejectedResponse,
} from './client-handshake.ts';
export { CloseCode, isWireCloseCode, MAX_CLOSE_REASON_BYTES } from './close-code.ts';
export { type CloseStatus, encodeCloseStatus } from './close-frame.ts';
export { Connection } from './connection.ts';
export type { ConnectionHandler } from './connection-handler.ts';
export { Endpoint, type EndpointOptions, type Role } from './endpoint.ts';
export {
  type UsageErrorCode,
  VIOLATIONS,
  type Violation,
  type ViolationAnswer,
  type ViolationCode,
  WebSocketUsageError,
} from './errors.ts';
export {
  authorityOf,
  CONNECT_PROTOCOL,
  CONNECTION_SPECIFIC_HEADERS,
  type ConnectRequest,
  connectAcceptance,
  connectRefusal,
  judgeConnect,
  judgeConnectResponse,
  type ResponseFields,
} from './extended-connect.ts';
export { type FrameHandler, type FrameHeader, FrameReader } from './frame-reader.ts';
export {
  firstByteOf,
  headerLength,
  MAX_COPIED_BYTES,
  type RunSink,
  writeFrame,
  writeHeader,
  writeTextFrame,
} from './frame-writer.ts';
export { DEFAULT_HABITS, type Habits } from './habits.ts';
export {
  type ExtensionOffer,
  formatExtensions,
  type HeaderMap,
  headerValue,
  isToken,
  parseExtensions,
  parseProtocols,
} from './header-fields.ts';
export { applyMask } from './mask.ts';
export { type MessageHandler, MessageReader } from './message-reader.ts';
export type { Natives } from './natives.ts';
export { isControlOpcode, isKnownOpcode, Opcode } from './opcode.ts';
export { Outbox } from './outbox.ts';
export {
  acceptDeflateOffer,
  type DeflateAcceptance,
  type DeflateAgreement,
  offerDeflate,
  PERMESSAGE_DEFLATE,
  readDeflateAnswer,
} from './permessage-deflate.ts';
export { PreparedMessage, prepareMessage } from './prepared-message.ts';
export { type BadRequestHead, type RequestHead, RequestHeadReader } from './request-head.ts';
export { type Acceptance, formatAcceptance, formatRefusal, type ResponseHeaders } from './response-head.ts';
export {
  type AcceptableHandshake,
  type AcceptableRequest,
  acceptInput,
  type HandshakeRequest,
  judgeRequest,
  type Refusal,
  WEBSOCKET_GUID,
  WEBSOCKET_VERSION,
} from './server-handshake.ts';
export { Slab } from './slab.ts';

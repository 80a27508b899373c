export {
  type Attachment,
  Decoder,
  type DecoderHandler,
  type DecoderOptions,
} from './decoder.ts';
export { type EncodedPacket, Encoder, type EncoderOptions, isBufferOrView } from './encoder.ts';
export {
  SocketIoUsageError,
  type UsageErrorCode,
  VIOLATIONS,
  type ViolationCode,
} from './errors.ts';
export {
  BINARY_TYPE_OFFSET,
  hasTooManyArguments,
  isReservedEvent,
  type Packet,
  PacketType,
} from './packet.ts';
export { MAX_DEPTH, type Reviver } from './packet-text.ts';

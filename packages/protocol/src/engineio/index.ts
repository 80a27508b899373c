export { ClientUpgrade, type ClientUpgradeHandler } from './client-upgrade.ts';
export { type Codec, createCodec, type DecodedPayload, type PayloadLimits, type Version } from './codec.ts';
export { CodecV4 } from './codec-v4.ts';
export { VIOLATIONS, type ViolationCode } from './errors.ts';
export { decodeHandshake, encodeHandshake, type Handshake, HandshakeEncoder } from './handshake.ts';
export {
  createHeartbeat,
  type Heartbeat,
  type HeartbeatHandler,
  type HeartbeatTiming,
  type Role,
} from './heartbeat.ts';
export type { Natives } from './natives.ts';
export type { Packet, PacketType } from './packet.ts';
export { countFitting } from './payload-budget.ts';
export { ServerUpgrade, type ServerUpgradeHandler } from './server-upgrade.ts';
export type { UpgradeFailure, UpgradeHandler } from './upgrade.ts';
export {
  encodeStreamFrame,
  encodeStreamParts,
  type StreamHandler,
  StreamReader,
} from './webtransport-framing.ts';

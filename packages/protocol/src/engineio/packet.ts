import type { ViolationCode } from './errors.ts';

/** The packet types, each at the place of its digit on the wire. */
const PACKET_TYPES = ['open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop'] as const;

/** A packet's type, by the name that the protocol's document gives it. */
export type PacketType = (typeof PACKET_TYPES)[number];

/** One packet. Without data, `data` is `''`. */
export interface Packet {
  readonly type: PacketType;
  readonly data: string | Uint8Array;
}

/** Returns the number of a type: as a digit in text, and in version 3 as the first byte of binary data. */
export function numberOf(type: PacketType): number {
  return PACKET_TYPES.indexOf(type);
}

/** Returns the packet of the type with this number, or the rule that it breaks. */
export function packetOf(typeNumber: number, data: string | Uint8Array): Packet | ViolationCode {
  const type = PACKET_TYPES[typeNumber];
  return type === undefined ? 'EIO_ERR_UNKNOWN_PACKET_TYPE' : { type, data };
}

/** Returns `<type><data>`. */
export function encodeTextPacket(type: PacketType, data: string): string {
  // Nearly all are messages, and to look their number up takes longer than the rest.
  return type === 'message' ? `4${data}` : numberOf(type) + data;
}

/** Returns the packet that `<type><data>` is, or the rule that it breaks. */
export function decodeTextPacket(text: string): Packet | ViolationCode {
  return packetOf(text.charCodeAt(0) - 48, text.slice(1));
}

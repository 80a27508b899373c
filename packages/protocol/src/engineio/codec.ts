import { CodecV3 } from './codec-v3.ts';
import { CodecV4 } from './codec-v4.ts';
import type { ViolationCode } from './errors.ts';
import type { Natives } from './natives.ts';
import type { Packet, PacketType } from './packet.ts';

/** The versions of the protocol that are spoken: what a query names `EIO`. */
export type Version = 3 | 4;

/** What the payload of one polling request or response may hold. */
export interface PayloadLimits {
  /** Most UTF-16 units of a text, or bytes of a binary payload. */
  readonly maxPayloadLength: number;
  readonly maxPackets: number;
}

/** What a payload held: the packets before a violation, if there is one, are good. */
export interface DecodedPayload {
  readonly packets: readonly Packet[];
  readonly violation: ViolationCode | null;
}

/** How one version of the protocol writes packets down. Nothing of it keeps state, so one serves all sessions. */
export interface Codec {
  /** Returns a packet as one WebSocket message: a string is text, bytes are binary and may be `data` itself. */
  encodeFrame(type: PacketType, data: string | Uint8Array): string | Uint8Array;
  /** Returns the packet of one WebSocket message, or the rule that it breaks. Bytes are views of `frame`. */
  decodeFrame(frame: string | Uint8Array): Packet | ViolationCode;
  /**
   * Returns packets as the body of one polling request or response.
   * @param allowsBinary - the other side can read binary bodies; version 4 has none
   */
  encodePayload(packets: readonly Packet[], allowsBinary: boolean): string | Uint8Array;
  /** Returns the packets of such a body. Bytes may be views of `body`. */
  decodePayload(body: string | Uint8Array): DecodedPayload;
}

/** Returns the codec of a version of the protocol. */
export function createCodec(version: Version, natives: Natives, limits: PayloadLimits): Codec {
  return version === 3 ? new CodecV3(natives, limits) : new CodecV4(natives, limits);
}

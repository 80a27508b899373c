import type { PacketType } from '@hawser/protocol/engineio';
import type { PreparedMessage } from './prepared-message.ts';
import type { Transport } from './transport.ts';
import type { TransportContext } from './transport-context.ts';

/** What a message can carry. A string stays a string at the other end, everything else arrives as binary. */
export type RawData = string | Buffer | ArrayBuffer | ArrayBufferView | ArrayBufferView[];

/** How a message is sent. */
export interface SendOptions {
  /**
   * May be compressed, where the transport does so and it is worth it.
   * @defaultValue `true`
   */
  compress?: boolean | undefined;
  /**
   * The WebSocket frame of this message, as socket.io's adapters make it once for many recipients: the buffers of one
   * unmasked text frame. All who get this frame get what it carries, encoded once for them. The message itself is sent
   * by other transports, and with the server's option `perMessageDeflate`.
   */
  wsPreEncodedFrame?: object | undefined;
}

/** Called when a message was handed to the kernel, or to the response of a poll. */
export type SendCallback<T> = (transport: T) => void;

/** A packet on its way out, as the events `packetCreate` and `flush` and the `writeBuffer` show it. */
export interface OutgoingPacket {
  readonly type: PacketType;
  /** `''` where there is none. */
  readonly data: string | Uint8Array;
  readonly options: SendOptions;
  readonly callback: (() => void) | null;
  readonly prepared: PreparedMessage | null;
}

export const NO_OPTIONS: SendOptions = Object.freeze({});

/** Returns a packet that carries no message of the user. */
export function controlPacket(type: PacketType, data: string | Uint8Array = ''): OutgoingPacket {
  return { type, data, options: NO_OPTIONS, callback: null, prepared: null };
}

/** Returns what a packet carries for `data`: a string, or bytes over the same memory. */
export function toPacketData(data: unknown): string | Uint8Array {
  if (typeof data === 'string' || data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  // As engine.io does with what has no bytes: its text.
  return data === undefined || data === null ? '' : String(data);
}

/** What a packet that waits costs beside its data, in bytes: so their number is bounded too. */
const PACKET_BYTES = 128;

/** Returns how many bytes of memory a packet with `data` takes while it waits. */
export function weightOf(data: string | Uint8Array): number {
  return PACKET_BYTES + byteLengthOf(data);
}

/** Returns how many bytes `data` takes when it is sent. A packet that others put into the `writeBuffer` may have none. */
export function byteLengthOf(data: string | Uint8Array | undefined): number {
  return typeof data === 'string' ? Buffer.byteLength(data) : (data?.length ?? 0);
}

/** Returns the WebSocket message that carries a packet: binary data as base64 where the client takes no other. */
export function encodeMessage(
  { protocol, supportsBinary }: Transport,
  { codecs, natives }: TransportContext,
  { type, data }: OutgoingPacket,
): string | Uint8Array {
  if (typeof data === 'string' || supportsBinary) return codecs[protocol].encodeFrame(type, data);
  return (protocol === 3 ? 'b4' : 'b') + natives.encodeBase64(data);
}

/** Counts the packets that fill so many bytes: the last of them may reach beyond. */
export function countFilling(packets: readonly OutgoingPacket[], roomBytes: number): number {
  if (roomBytes === Number.POSITIVE_INFINITY) return packets.length;
  let [count, leftBytes] = [0, roomBytes];
  while (count < packets.length && leftBytes >= 0) leftBytes -= byteLengthOf(packets[count++]!.data);
  return count;
}

import {
  type Codec,
  type Packet as CorePacket,
  createCodec,
  encodeStreamParts,
  type PacketType,
  StreamReader,
} from '@hawser/protocol/engineio';
import { EngineNatives } from './natives.ts';
import { type RawData, toPacketData } from './packet.ts';

/** A packet, as the `engine.io-parser` package has it. `error` is what could not be read. */
export interface ParserPacket {
  type: PacketType | 'error';
  data?: RawData | undefined;
}

/** What binary data is handed out as. */
type BinaryType = 'nodebuffer' | 'arraybuffer';

const natives = new EngineNatives();
const codec: Codec = createCodec(4, natives, {
  maxPayloadLength: Number.POSITIVE_INFINITY,
  maxPackets: Number.POSITIVE_INFINITY,
});

const PARSER_ERROR: ParserPacket = Object.freeze({ type: 'error', data: 'parser error' });

/** The version of the protocol that is parsed here. */
export const protocol = 4;

/** Hands `callback` a packet as one WebSocket message, binary data as base64 unless `supportsBinary`. */
export function encodePacket(
  packet: ParserPacket,
  supportsBinary: boolean,
  callback: (encoded: RawData) => void,
): void {
  const core = toCore(packet);
  if (typeof core.data === 'string' || !supportsBinary)
    callback(codec.encodePayload([core], false) as string);
  else callback(packet.data as RawData);
}

/** Returns the packet that a WebSocket message is. */
export function decodePacket(encoded: RawData, binaryType: BinaryType = 'nodebuffer'): ParserPacket {
  const packet = codec.decodeFrame(toPacketData(encoded));
  return typeof packet === 'string' ? PARSER_ERROR : fromCore(packet, binaryType);
}

/** Hands `callback` packets as one polling body. */
export function encodePayload(packets: readonly ParserPacket[], callback: (encoded: string) => void): void {
  callback(codec.encodePayload(packets.map(toCore), false) as string);
}

/** Returns the packets of a polling body, up to the first that cannot be read. */
export function decodePayload(encoded: string, binaryType: BinaryType = 'nodebuffer'): ParserPacket[] {
  const { packets, violation } = codec.decodePayload(encoded);
  const decoded = packets.map((packet) => fromCore(packet, binaryType));
  return violation === null ? decoded : [...decoded, PARSER_ERROR];
}

/** Returns a stream that turns packets into two chunks each: a header for the length, and the payload, not copied. */
export function createPacketEncoderStream(): TransformStream<ParserPacket, Uint8Array> {
  return new TransformStream({
    transform(packet, controller) {
      const { type, data } = toCore(packet);
      for (const part of encodeStreamParts(natives, codec.encodeFrame(type, data))) controller.enqueue(part);
    },
  });
}

/** Returns a stream that turns such bytes into packets; one of more than `maxPayload` bytes is an `error`. */
export function createPacketDecoderStream(
  maxPayload: number,
  binaryType: BinaryType = 'nodebuffer',
): TransformStream<Uint8Array, ParserPacket> {
  let reader: StreamReader;
  return new TransformStream({
    start(controller) {
      const handler = {
        onPacket: (packet: CorePacket) => controller.enqueue(fromCore(packet, binaryType)),
        onViolation: () => controller.enqueue(PARSER_ERROR),
      };
      reader = new StreamReader(handler, codec, natives, maxPayload);
    },
    transform: (chunk) => reader.receive(chunk),
  });
}

function toCore({ type, data }: ParserPacket): CorePacket {
  return { type: type as PacketType, data: toPacketData(data) };
}

function fromCore({ type, data }: CorePacket, binaryType: BinaryType): ParserPacket {
  if (typeof data === 'string') return data === '' ? { type } : { type, data };
  if (binaryType === 'arraybuffer') return { type, data: toArrayBuffer(data) };
  return { type, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
}

/** Memory that is all of `data` is not copied. */
function toArrayBuffer(data: Uint8Array): ArrayBuffer {
  const { buffer } = data;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === data.byteLength) return buffer;
  return new Uint8Array(data).buffer;
}

import type { PacketType } from '@hawser/protocol/engineio';
import { readBlob } from '#platform';
import type { AnyValue } from '../events.ts';

/** What a message can be. */
export type RawData = AnyValue;

/** As what binary data is handed out: `nodebuffer` in Node, `arraybuffer` or `blob` in browsers. */
export type BinaryType = 'nodebuffer' | 'arraybuffer' | 'blob';

export interface WriteOptions {
  compress?: boolean;
  /** @internal The packet of a layer above that this is of, which goes as a whole or not at all, however much waits. */
  packet?: object;
}

/** One packet; `data` is what the program gave, or gets. */
export interface Packet {
  type: PacketType;
  data?: RawData;
  options?: WriteOptions;
}

/** Tells a `Blob` or a `File`, which can be read only later. */
export function isBlob(value: unknown): value is Blob {
  return typeof Blob === 'function' && value instanceof Blob;
}

/** Tells whether a value travels as bytes: an ArrayBuffer of any realm, a view of one, a blob. */
export function isBinary(value: unknown): boolean {
  return ArrayBuffer.isView(value) || isArrayBuffer(value) || isBlob(value);
}

function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === '[object ArrayBuffer]';
}

/** Returns about how much of a message there is: UTF-16 units of text, bytes of anything else. */
export function sizeOf(data: RawData): number {
  return data?.length ?? data?.byteLength ?? data?.size ?? 0;
}

/** Returns what is to be sent as a string or as bytes over the same memory. */
export function toPacketData(data: unknown): string | Uint8Array {
  if (typeof data === 'string') return data;
  // Of memory that was given away nothing is left.
  if (isBinary(data) && !(data as ArrayBuffer).byteLength) return new Uint8Array(0);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (isArrayBuffer(data)) return new Uint8Array(data);
  return data === undefined || data === null ? '' : String(data);
}

/** A packet whose data is known in full. */
interface Readable extends Packet {
  data: string | Uint8Array;
}

/** What a transport says of packets that it was given. */
export interface Sending {
  /** Of those that it was given last, those that it has not sent. */
  unsent?: number;
  /** The one that cannot be sent, of which the connection ends. */
  unsendable?: Packet | undefined;
}

/** Hands over packets with their data as strings and bytes: at once, unless there is a blob to be read first. */
export function readData(
  sending: Sending,
  packets: readonly Packet[],
  onRead: (packets: Readable[]) => void,
  onError: (error: Error) => void,
): void {
  const toReadable = (packet: Packet, data: unknown) => ({ ...packet, data: toPacketData(data) });
  sending.unsent = 0;
  const read = packets.map((packet) => {
    const { data } = packet;
    if (!isBlob(data)) return toReadable(packet, data);
    sending.unsent = packets.length;
    return readBlob(data).then(
      (bytes) => toReadable(packet, bytes),
      (error) => {
        sending.unsendable = packet;
        throw error;
      },
    );
  });
  if (sending.unsent === 0) {
    onRead(read as Readable[]);
    return;
  }
  Promise.all(read)
    .then((readable) => {
      sending.unsent = 0;
      onRead(readable);
    })
    .catch(onError);
}

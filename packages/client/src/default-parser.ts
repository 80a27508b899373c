import { BINARY_TYPE_OFFSET, hasTooManyArguments, isReservedEvent } from '@hawser/protocol/socketio';
import { Emitter } from './emitter.ts';
import { isBinary } from './engine/packet.ts';
import { SocketError } from './errors.ts';
import type { AnyValue } from './events.ts';
import {
  ACK,
  CONNECT,
  DISCONNECT,
  EVENT,
  type Packet,
  type PacketDecoder,
  type PacketEncoder,
  type Parser,
} from './parser.ts';

/** A type, how many attachments follow, a namespace, an id, JSON: each but the first may be missing. */
const PACKET = /^([0-6])(?:(\d{1,9})-)?(?:(\/[^,]*),?)?(\d{1,16})?([\s\S]+)?$/;
const MAX_ATTACHMENTS = 10;

/**
 * Writes packets as `<type>[<attachments>-][<namespace>,][<id>][JSON]`, and binary data behind that.
 * @see https://socket.io/docs/v4/socket-io-protocol/
 */
class Encoder implements PacketEncoder {
  encode({ type, nsp, id, data }: Packet): AnyValue[] {
    const attachments: unknown[] = [];
    const plain = type === EVENT || type === ACK ? extract(data, '', attachments) : data;
    const count = attachments.length;
    const head =
      (count > 0 ? `${type + BINARY_TYPE_OFFSET}${count}-` : type) + (nsp === '/' ? '' : `${nsp},`);
    return [
      head + (id ?? '') + (plain === undefined || plain === null ? '' : JSON.stringify(plain)),
      ...attachments,
    ];
  }
}

/** Reads what an {@link Encoder} writes. It throws at what is none of it, and reads nothing more after that. */
class Decoder
  extends Emitter<Record<never, never>, Record<never, never>, { decoded: (packet: Packet) => void }>
  implements PacketDecoder
{
  /** The parts of a packet whose attachments are on their way. */
  #parts: readonly (string | undefined)[] | null = null;
  #attachments: unknown[] = [];

  add(data: AnyValue): void {
    const isText = typeof data === 'string';
    if (isText !== (this.#parts === null)) fail();
    if (isText) this.#parts = PACKET.exec(data) ?? fail();
    else this.#attachments.push(data);
    const [, type, count = 0] = this.#parts!;
    if (Number(type) > 4 !== Number(count) > 0) fail();
    if (Number(count) > MAX_ATTACHMENTS) fail('too many attachments');
    if (this.#attachments.length < Number(count)) return;
    const packet = read(this.#parts!, this.#attachments);
    this.destroy();
    this.emitReserved('decoded', packet);
  }

  destroy(): void {
    this.#parts = null;
    this.#attachments = [];
  }
}

/** The parser that both ends have without the option. */
export const defaultParser: Parser = { Encoder, Decoder };

function fail(message = 'packet is not valid'): never {
  throw new SocketError('SIO_ERR_INVALID_PACKET', message);
}

function read(
  [, wireType, count, nsp = '/', digits, json]: readonly (string | undefined)[],
  attachments: readonly unknown[],
): Packet {
  const type = (Number(wireType) - (count ? BINARY_TYPE_OFFSET : 0)) as Packet['type'];
  const fill = (key: string, value: AnyValue) => {
    if (value?._placeholder !== true) return value;
    // Not the length, nor what all arrays have, and nothing that could become a prototype.
    const isOne = typeof value.num === 'number' && value.num in attachments && key !== '__proto__';
    return isOne ? attachments[value.num] : fail();
  };
  const data = json === undefined ? undefined : JSON.parse(json, count ? fill : undefined);
  const id = digits === undefined ? undefined : Number(digits);
  if (!isValid(type, data, id)) fail();
  const packet: Packet = { type, nsp };
  // Programs compare packets: what one does not have is not there as `undefined`.
  if (data !== undefined) packet.data = data;
  if (id !== undefined) packet.id = id;
  return packet;
}

/** An ACK answers something, an EVENT may ask for an answer, and nothing else has an id. */
function isValid(type: Packet['type'], data: AnyValue, id: number | undefined): boolean {
  if (type === EVENT || type === ACK) {
    const hasId = id === undefined ? type === EVENT : Number.isSafeInteger(id);
    const isArguments = Array.isArray(data) && !hasTooManyArguments(data);
    return hasId && isArguments && (type === ACK || isEventName(data[0]));
  }
  if (id !== undefined) return false;
  if (data === undefined) return type === CONNECT || type === DISCONNECT;
  return type !== DISCONNECT && (isRecord(data) || (type !== CONNECT && typeof data === 'string'));
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEventName(name: unknown): boolean {
  return (typeof name === 'string' || typeof name === 'number') && !isReservedEvent(name);
}

/**
 * Returns `value` with placeholders for binary data, which goes to `attachments`. What has none in it stays as it is,
 * and nothing is changed: what is on the way to binary data is copied. An object is what `toJSON` makes of it.
 */
function extract(value: AnyValue, key: string, attachments: unknown[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const json = typeof value.toJSON === 'function' && !isBinary(value) ? value.toJSON(key) : value;
  if (typeof json !== 'object' || json === null) return value;
  if (isBinary(json)) return { _placeholder: true, num: attachments.push(json) - 1 };
  let copy: AnyValue;
  for (const name of Object.keys(json)) {
    const item = json[name];
    const extracted = typeof item === 'object' ? extract(item, name, attachments) : item;
    if (extracted === item) continue;
    // The copy is final: no `toJSON` makes something else of it.
    copy ??= Array.isArray(json)
      ? [...json]
      : { ...json, ...(typeof json.toJSON === 'function' && { toJSON: undefined }) };
    copy[name] = extracted;
  }
  return copy ?? value;
}

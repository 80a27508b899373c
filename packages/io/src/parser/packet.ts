import { isReservedEvent, PacketType as WireType } from '@hawser/protocol/socketio';

const { CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK } = WireType;

/** The version of the protocol that is parsed here. */
export const protocol = 5;

/** Names the packet types, both ways round, as the enumeration of `socket.io-parser` does. */
export const PacketType = Object.freeze({
  ...WireType,
  [CONNECT]: 'CONNECT',
  [DISCONNECT]: 'DISCONNECT',
  [EVENT]: 'EVENT',
  [ACK]: 'ACK',
  [CONNECT_ERROR]: 'CONNECT_ERROR',
  [BINARY_EVENT]: 'BINARY_EVENT',
  [BINARY_ACK]: 'BINARY_ACK',
});

/** One of the types of the wire. */
export type PacketType = (typeof WireType)[keyof typeof WireType];

/** One packet, as the `socket.io-parser` package has it. */
export interface Packet {
  type: PacketType;
  nsp: string;
  /** What it may be is a matter of the type; see {@link isPacketValid}. */
  data?: unknown;
  id?: number | undefined;
  /** Of a packet that is being put together; packets that are handed out have none. */
  attachments?: number | undefined;
}

/** Tells whether `packet` says what a packet of its type can say: for parsers that do not look themselves. */
export function isPacketValid({ type, nsp, data, id }: Packet): boolean {
  const isAddressed = typeof nsp === 'string' && !nsp.includes(',');
  return isAddressed && (id === undefined || Number.isInteger(id)) && isDataValid(type, data);
}

function isDataValid(type: PacketType, data: unknown): boolean {
  switch (type) {
    case CONNECT:
      return data === undefined || isObject(data);
    case DISCONNECT:
      return data === undefined;
    case EVENT:
      return Array.isArray(data) && isEventName(data[0]);
    case ACK:
      return Array.isArray(data);
    case CONNECT_ERROR:
      return typeof data === 'string' || isObject(data);
    default:
      return false;
  }
}

function isEventName(name: unknown): boolean {
  return typeof name === 'number' || (typeof name === 'string' && !isReservedEvent(name));
}

function isObject(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Object]';
}

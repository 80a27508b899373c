/** Names the packet types of the wire. */
export const PacketType = /* @__PURE__ */ Object.freeze({
  CONNECT: 0,
  DISCONNECT: 1,
  EVENT: 2,
  ACK: 3,
  CONNECT_ERROR: 4,
  BINARY_EVENT: 5,
  BINARY_ACK: 6,
});

/** The types that a program sees: whether there are attachments is the wire's business. */
export type PacketType = 0 | 1 | 2 | 3 | 4;

/** How much the types that announce attachments are above those that do not. */
export const BINARY_TYPE_OFFSET = 3;

/** The namespace that goes without saying. */
export const MAIN_NAMESPACE = '/';

/** One packet. */
export interface Packet {
  readonly type: PacketType;
  /** The namespace; from a client of protocol 4, a CONNECT may have a query string at its end. */
  readonly nsp: string;
  /**
   * An EVENT's name and arguments, an ACK's arguments; an object, if any, of a CONNECT; an object or a string of a
   * CONNECT_ERROR, which protocol 4 calls ERROR.
   */
  readonly data?: unknown;
  /** What an ACK answers, and an EVENT that asks for one. */
  readonly id?: number | undefined;
}

/** Tells whether the data of a packet of this type is arguments: then it may have attachments and an id. */
export function carriesArguments(type: PacketType): boolean {
  return type === PacketType.EVENT || type === PacketType.ACK;
}

/**
 * Most arguments of an event or an answer, the name of an event included: each is on the stack when listeners are
 * called, and some 100 000 are more than it holds.
 */
const MAX_ARGUMENTS = 4096;

/** Tells whether arguments are more than a function should be called with. */
export function hasTooManyArguments(data: readonly unknown[]): boolean {
  return data.length > MAX_ARGUMENTS;
}

/** Event names with a meaning of their own on either side, or in Node's EventEmitter. */
const RESERVED_EVENTS: ReadonlySet<unknown> = new Set([
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
]);

/** Tells whether a program must not emit an event of this name, and a peer must not send one. */
export function isReservedEvent(name: unknown): boolean {
  return RESERVED_EVENTS.has(name);
}

import type { AnyValue } from './events.ts';
import type { QueuedEvent } from './retry-queue.ts';

// The types of packets: one by one, as bundlers put the numbers in their place.
export const CONNECT = 0;
export const DISCONNECT = 1;
export const EVENT = 2;
export const ACK = 3;
export const CONNECT_ERROR = 4;

/** One packet of Socket.IO. */
export interface Packet {
  type: 0 | 1 | 2 | 3 | 4;
  nsp: string;
  data?: AnyValue;
  id?: number;
  options?: {
    compress?: boolean;
    /** It is not to be sent again where it was not sent: a volatile event, or a try of one with `retries`. */
    isExpendable?: boolean | undefined;
    /** The event with `retries` of which it is a try. */
    queued?: QueuedEvent | undefined;
  };
}

/** Writes packets down: text and bytes, each a message. */
export interface PacketEncoder {
  encode(packet: Packet): AnyValue[];
}

/** Reads packets, and emits each as `decoded`. What it throws closes the connection as a `parse error`. */
export interface PacketDecoder {
  on(event: 'decoded', listener: (packet: Packet) => void): unknown;
  off?(event: 'decoded', listener: (packet: Packet) => void): unknown;
  add(data: AnyValue): void;
  destroy(): void;
}

/** How packets are written down: the option `parser`, the same on both ends. */
export interface Parser {
  readonly Encoder: new () => PacketEncoder;
  readonly Decoder: new () => PacketDecoder;
}

/** The version of the protocol. */
export const protocol = 5;

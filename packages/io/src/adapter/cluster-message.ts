import type { IoErrorCode } from '../errors.ts';
import type { BroadcastFlags, BroadcastOptions } from './contract.ts';

/** The id of a server. */
export type ServerId = string;

/** Where a message is in a broker's stream. */
export type Offset = string;

/** What servers tell each other. */
export const MessageType = Object.freeze({
  INITIAL_HEARTBEAT: 1,
  HEARTBEAT: 2,
  BROADCAST: 3,
  SOCKETS_JOIN: 4,
  SOCKETS_LEAVE: 5,
  DISCONNECT_SOCKETS: 6,
  FETCH_SOCKETS: 7,
  FETCH_SOCKETS_RESPONSE: 8,
  SERVER_SIDE_EMIT: 9,
  SERVER_SIDE_EMIT_RESPONSE: 10,
  BROADCAST_CLIENT_COUNT: 11,
  BROADCAST_ACK: 12,
  ADAPTER_CLOSE: 13,
  /** Beyond upstream, whose servers pass over it: a client will not answer. */
  BROADCAST_LOSS: 14,
} as const);

type Types = typeof MessageType;

/** One of the numbers. */
export type MessageType = Types[keyof Types];

/** {@link BroadcastOptions}, as they travel. */
export interface EncodedOptions {
  rooms: string[];
  except: string[];
  flags?: BroadcastFlags | undefined;
}

interface RoomChange {
  opts: EncodedOptions;
  rooms: string[];
}

/** A message without its sender. */
export type ClusterMessageBody =
  | { type: Types['INITIAL_HEARTBEAT'] | Types['HEARTBEAT'] | Types['ADAPTER_CLOSE'] }
  | { type: Types['BROADCAST']; data: { opts: EncodedOptions; packet: unknown; requestId?: string } }
  | { type: Types['SOCKETS_JOIN'] | Types['SOCKETS_LEAVE']; data: RoomChange }
  | { type: Types['DISCONNECT_SOCKETS']; data: { opts: EncodedOptions; close?: boolean } }
  | { type: Types['FETCH_SOCKETS']; data: { opts: EncodedOptions; requestId: string } }
  | { type: Types['SERVER_SIDE_EMIT']; data: { packet: unknown[]; requestId?: string } };

/** A response without its sender. */
export type ClusterResponseBody =
  | { type: Types['FETCH_SOCKETS_RESPONSE']; data: { requestId: string; sockets: unknown[] } }
  | { type: Types['SERVER_SIDE_EMIT_RESPONSE']; data: { requestId: string; packet: unknown } }
  | { type: Types['BROADCAST_CLIENT_COUNT']; data: { requestId: string; clientCount: number } }
  | { type: Types['BROADCAST_ACK']; data: { requestId: string; packet: unknown } }
  | { type: Types['BROADCAST_LOSS']; data: { requestId: string; code: IoErrorCode; message: string } };

interface Sender {
  uid: ServerId;
  nsp: string;
}

/** A message to the other servers. */
export type ClusterMessage = Sender & ClusterMessageBody;

/** A response to the server that asked. */
export type ClusterResponse = Sender & ClusterResponseBody;

/** Writes options as they travel. */
export function encodeOptions({ rooms, except, flags }: BroadcastOptions): EncodedOptions {
  return { rooms: [...rooms], except: except === undefined ? [] : [...except], flags };
}

/** Reads options as they travelled. */
export function decodeOptions({ rooms, except, flags }: EncodedOptions): BroadcastOptions {
  return { rooms: new Set(rooms), except: new Set(except), flags };
}

import type { IoError } from '../errors.ts';

/** The public id of a socket. */
export type SocketId = string;

/** The id of a session, which only its client and the server know. */
export type PrivateSessionId = string;

/** The name of a room. */
export type Room = string;

/** How an event is sent. */
export interface BroadcastFlags {
  /** May be lost where it would have to wait. */
  volatile?: boolean | undefined;
  compress?: boolean | undefined;
  /** Not to the other servers. */
  local?: boolean | undefined;
  broadcast?: boolean | undefined;
  binary?: boolean | undefined;
  /** Time for answers, in milliseconds. */
  timeout?: number | undefined;
}

/** Whom something is for: the sockets in any of `rooms`, or all where there are none, without those in `except`. */
export interface BroadcastOptions {
  rooms: Set<Room>;
  except?: Set<Room> | undefined;
  flags?: BroadcastFlags | undefined;
}

/** A session whose connection is lost. */
export interface SessionToPersist {
  sid: SocketId;
  pid: PrivateSessionId;
  rooms: Room[];
  data: unknown;
}

/** A session that goes on: `missedPackets` are the data of the events that its client did not get. */
export interface Session extends SessionToPersist {
  missedPackets: unknown[][];
  /** `false` where `missedPackets` are not all: adapters do not have to say. */
  readonly isWhole?: boolean | undefined;
}

/** A packet as adapters get it; the namespace is theirs to set. */
export interface AdapterPacket {
  type: number;
  nsp?: string | undefined;
  data?: unknown;
  id?: number | undefined;
}

/** What an encoder makes of a packet. */
export type Encoded = readonly (string | Buffer)[];

/** What goes along with an encoded packet. One object for all recipients. */
export interface WriteOptions {
  readonly preEncoded: true;
  readonly volatile: boolean | undefined;
  readonly compress: boolean | undefined;
}

/** On an acknowledgement that has to hear of it: there will be no answer. */
export const LOST = Symbol('lost');

/** On an acknowledgement of many: has what it is given called when no more answers are waited for. */
export const WHEN_ENDED = Symbol('when ended');

/** What is called with a client's answer. */
export interface AckCallback {
  (...args: unknown[]): void;
  /** @internal */
  [LOST]?: (error: IoError) => void;
  /** @internal */
  [WHEN_ENDED]?: (forget: Forget) => void;
}

/**
 * Those `broadcastWithAck` of adapters that tell of each client that was asked, also where it is gone. Others, upstream's
 * among them, say nothing then, and forget who asked when the time is over: there has to be one.
 */
export const tellingOfAll = new WeakSet<object>();

/** Lets go of what waits for answers; `error` is `null` where all have come. */
export type Forget = (error: Error | null) => void;

/** What adapters need of a socket. */
export interface AdapterSocket {
  readonly id: SocketId;
  readonly client: { writeToEngine(encoded: Encoded, options: WriteOptions): unknown };
  readonly acks: {
    set(id: number, ack: AckCallback): unknown;
    delete(id: number): unknown;
  };
  notifyOutgoingListeners?(packet: AdapterPacket): void;
  join(rooms: Room | Room[]): unknown;
  leave(room: Room): unknown;
  disconnect(close?: boolean): unknown;
}

/** What adapters need of a namespace. */
export interface AdapterNamespace {
  readonly name: string;
  readonly server: {
    readonly encoder: { encode(packet: never): Encoded };
    readonly opts?: object | undefined;
  };
  readonly sockets: ReadonlyMap<SocketId, unknown>;
  _ids: number;
  _onServerSideEmit(args: unknown[]): void;
}

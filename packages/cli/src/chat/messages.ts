import type { CHAT_LIMITS } from './limits.ts';

/** Asks for a place in a room under a nickname; leaves the room before; also how one renames oneself. */
export interface JoinMessage {
  readonly type: 'join';
  readonly room: string;
  readonly name: string;
}

/** Says a text to the room that one is in. `id` is chosen by the sender and comes back in `said`. */
export interface SayMessage {
  readonly type: 'say';
  readonly id: string;
  readonly room: string;
  readonly text: string;
}

/** Asks for a `pong` at once; how a page measures the round trip and the server's clock. */
interface PingMessage {
  readonly type: 'ping';
  readonly sent: number;
}

/** Says that a message of someone else has arrived and is shown. */
export interface ReceivedMessage {
  readonly type: 'received';
  readonly id: string;
}

/** A message from a client, a file excepted. */
export type ClientMessage = JoinMessage | SayMessage | PingMessage | ReceivedMessage;

/** The JSON header of a file frame from a client. */
export interface SharedFile {
  readonly id: string;
  readonly room: string;
  readonly name: string;
  readonly mediaType: string;
}

/** Someone in a room. */
export interface Member {
  readonly id: string;
  readonly name: string;
}

/** A text that was said; `at` is the server's time in milliseconds since 1970, with fractions. */
interface SaidMessage {
  readonly type: 'said';
  readonly id: string;
  readonly room: string;
  readonly from: Member;
  readonly at: number;
  readonly text: string;
}

/**
 * A file that was shared. It comes together with the file's bytes; in a history, or as the answer to one
 * that was sent again, it comes alone: the server does not keep the bytes.
 */
export interface FileMessage {
  readonly type: 'file';
  readonly id: string;
  readonly room: string;
  readonly from: Member;
  readonly at: number;
  readonly name: string;
  readonly mediaType: string;
  readonly size: number;
}

/** What a room remembers. */
export type HistoryEntry = SaidMessage | FileMessage;

/** Stable reasons for which the server refuses what a client sent. */
export type RefusalCode =
  | 'bad-message'
  | 'bad-name'
  | 'bad-room'
  | 'bad-text'
  | 'bad-file'
  | 'file-too-big'
  | 'not-in-room'
  | 'room-full'
  | 'too-many-rooms';

/** A refusal; the connection stays open. `id` names the message that was not delivered, if it had one. */
export interface Refusal {
  readonly type: 'error';
  readonly code: RefusalCode;
  readonly message: string;
  readonly id?: string;
}

/** One line of the list of rooms. */
export interface RoomSummary {
  readonly name: string;
  readonly members: number;
}

/** Answers a message that the server took; by then it is on its way to the others. */
export interface Accepted {
  readonly type: 'accepted';
  readonly id: string;
  readonly room: string;
  readonly at: number;
}

/** A message from the server. */
export type ServerMessage =
  | {
      readonly type: 'welcome';
      readonly serverId: string;
      readonly now: number;
      readonly limits: typeof CHAT_LIMITS;
      readonly rooms: readonly RoomSummary[];
    }
  | {
      readonly type: 'joined';
      readonly room: string;
      readonly you: Member;
      readonly members: readonly Member[];
      readonly history: readonly HistoryEntry[];
    }
  | { readonly type: 'entered'; readonly room: string; readonly member: Member }
  | { readonly type: 'renamed'; readonly room: string; readonly member: Member }
  | { readonly type: 'left'; readonly room: string; readonly member: Member }
  | { readonly type: 'rooms'; readonly rooms: readonly RoomSummary[] }
  | { readonly type: 'pong'; readonly sent: number; readonly now: number }
  | {
      readonly type: 'receipt';
      readonly room: string;
      readonly id: string;
      readonly by: number;
      readonly of: number;
    }
  | Accepted
  | HistoryEntry
  | Refusal;

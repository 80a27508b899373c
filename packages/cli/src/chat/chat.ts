import { History } from './history.ts';
import { CHAT_LIMITS } from './limits.ts';
import type {
  Accepted,
  ClientMessage,
  FileMessage,
  HistoryEntry,
  JoinMessage,
  Member,
  ReceivedMessage,
  Refusal,
  RoomSummary,
  SayMessage,
  ServerMessage,
} from './messages.ts';
import { uniqueNickname } from './names.ts';
import { type ParsedFile, refuse } from './parse-message.ts';
import { Receipts } from './receipts.ts';

/** What the chat needs from one connection. */
export interface ChatPeer {
  /** Send to this connection alone. */
  reply(message: ServerMessage): void;
  /** From now on deliver what is published to the room. */
  enterRoom(room: string): void;
  /** No longer deliver what is published to the room. */
  leaveRoom(room: string): void;
}

/** What the chat needs from the server as a whole. */
export interface ChatChannel {
  /** Send to every connection in the room. `body`, the bytes of a file, is only borrowed for the call. */
  publish(room: string, message: ServerMessage, body?: Uint8Array): void;
  /** The list of rooms is another one now; called often, the receiver may gather calls. */
  roomsChanged(): void;
}

/** Where the chat takes time and randomness from. */
export interface ChatSources {
  /** Milliseconds since 1970, with fractions. */
  now(): number;
  /** A new id that no one can guess. */
  newId(): string;
}

/** A connection as the chat knows it. Made by {@link Chat.connect}, handed back with every call. */
export interface ChatSession {
  readonly id: string;
  readonly peer: ChatPeer;
  readonly name: string;
  readonly room: string | undefined;
}

interface Session extends ChatSession {
  name: string;
  room: string | undefined;
}

interface Room {
  readonly sessions: Map<string, Session>;
}

/** What the sender of a message is told; `accepted` needs no telling where the message itself comes back. */
export type Answer = ServerMessage;

/**
 * The rules of the playground's chat: who is in which room, who may say what, what a room remembers.
 * No sockets, no encoding, no clock: it is told what arrived, returns the answer, and calls its peers and
 * its channel.
 */
export class Chat {
  readonly #channel: ChatChannel;
  readonly #sources: ChatSources;
  readonly #serverId: string;
  readonly #history = new History();
  readonly #receipts = new Receipts();
  // In the order of last use: the first empty room is the one to give up when there are too many.
  readonly #rooms = new Map<string, Room>();
  readonly #sessions = new Map<string, Session>();

  constructor(channel: ChatChannel, sources: ChatSources) {
    this.#channel = channel;
    this.#sources = sources;
    this.#serverId = sources.newId();
  }

  /** The rooms with someone in them, by name. */
  get rooms(): readonly RoomSummary[] {
    const rooms: RoomSummary[] = [];
    for (const [name, { sessions }] of this.#rooms) {
      if (sessions.size > 0) rooms.push({ name, members: sessions.size });
    }
    return rooms.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Welcome a new connection. */
  connect(peer: ChatPeer): ChatSession {
    const session: Session = { id: this.#sources.newId(), peer, name: '', room: undefined };
    this.#sessions.set(session.id, session);
    peer.reply({
      type: 'welcome',
      serverId: this.#serverId,
      now: this.#sources.now(),
      limits: CHAT_LIMITS,
      rooms: this.rooms,
    });
    return session;
  }

  /** The connection is gone: its place in the room is free. */
  disconnect({ id }: ChatSession): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#leave(session);
    this.#sessions.delete(id);
  }

  /**
   * A message came, checked; or what was wrong with it, which is then the answer.
   *
   * @returns the answer for its sender, if there is one
   */
  receive({ id }: ChatSession, message: ClientMessage | ParsedFile | Refusal): Answer | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    switch (message.type) {
      case 'join':
        return this.#join(session, message);
      case 'say':
        return this.#say(session, message);
      case 'file':
        return this.#share(session, message);
      case 'received':
        return this.#receipt(session, message);
      case 'ping':
        return { type: 'pong', sent: message.sent, now: this.#sources.now() };
      case 'error':
        return message;
    }
  }

  #join(session: Session, { room, name }: JoinMessage): Answer | undefined {
    if (session.room === room) return this.#rename(session, room, name);
    const target = this.#openRoom(room);
    return 'type' in target ? target : this.#enter(session, { room, name }, target);
  }

  #enter(session: Session, { room, name }: Omit<JoinMessage, 'type'>, target: Room): Answer {
    this.#leave(session);
    session.name = uniqueNickname(name, (taken) => isTaken(target, session, taken));
    session.room = room;
    const you = memberOf(session);
    // Published before the newcomer is in: they learn of themselves from `joined`.
    this.#publish(room, { type: 'entered', room, member: you });
    target.sessions.set(session.id, session);
    this.#rooms.delete(room);
    this.#rooms.set(room, target);
    session.peer.enterRoom(room);
    const members = [...target.sessions.values()].map(memberOf);
    this.#channel.roomsChanged();
    return { type: 'joined', room, you, members, history: this.#history.of(room) };
  }

  #rename(session: Session, room: string, name: string): Answer | undefined {
    const place = this.#rooms.get(room);
    if (place === undefined) return undefined;
    const before = session.name;
    session.name = uniqueNickname(name, (taken) => isTaken(place, session, taken));
    const renamed = { type: 'renamed', room, member: memberOf(session) } as const;
    // Who asks gets an answer, but the others hear only of a change.
    if (session.name === before) return renamed;
    this.#publish(room, renamed);
    return undefined;
  }

  #leave(session: Session): void {
    const { room } = session;
    if (room === undefined) return;
    this.#rooms.get(room)?.sessions.delete(session.id);
    session.room = undefined;
    session.peer.leaveRoom(room);
    this.#publish(room, { type: 'left', room, member: memberOf(session) });
    this.#channel.roomsChanged();
  }

  #say(session: Session, { id, room, text }: SayMessage): Answer {
    const known = this.#whyNotPost(session, id, room);
    if (known !== undefined) return known;
    return this.#post(session, {
      type: 'said',
      id,
      room,
      from: memberOf(session),
      at: this.#sources.now(),
      text,
    });
  }

  #share(session: Session, { file, body }: ParsedFile): Answer {
    const { id, room, name, mediaType } = file;
    const known = this.#whyNotPost(session, id, room);
    if (known !== undefined) return known;
    const from = memberOf(session);
    const at = this.#sources.now();
    const shared: FileMessage = { type: 'file', id, room, from, at, name, mediaType, size: body.length };
    return this.#post(session, shared, body);
  }

  #post(session: Session, entry: HistoryEntry, body?: Uint8Array): Accepted {
    const { id, room, at } = entry;
    this.#history.add(entry);
    this.#receipts.expect(room, id, { sender: session.id, of: this.#othersIn(room) });
    this.#publish(room, entry, body);
    return { type: 'accepted', id, room, at };
  }

  #receipt({ id: by, room }: Session, { id }: ReceivedMessage): undefined {
    if (room === undefined) return;
    const counted = this.#receipts.count(room, id, by);
    if (counted === undefined) return;
    this.#sessions
      .get(counted.sender)
      ?.peer.reply({ type: 'receipt', room, id, by: counted.by, of: counted.of });
  }

  #othersIn(room: string): number {
    return (this.#rooms.get(room)?.sessions.size ?? 1) - 1;
  }

  #whyNotPost(session: Session, id: string, room: string): HistoryEntry | Refusal | undefined {
    if (session.room !== room) return refuse('not-in-room', `you are not in ${room}; join it first`, id);
    // Sent again after a lost connection although it had arrived: confirm it, do not say it twice.
    return this.#history.find(room, id);
  }

  #openRoom(room: string): Room | Refusal {
    const known = this.#rooms.get(room);
    if (known !== undefined) {
      if (known.sessions.size < CHAT_LIMITS.membersPerRoom) return known;
      return refuse('room-full', `${room} is full: ${CHAT_LIMITS.membersPerRoom} are in it`);
    }
    if (this.#rooms.size >= CHAT_LIMITS.rooms && !this.#forgetAnEmptyRoom()) {
      return refuse(
        'too-many-rooms',
        `there are ${CHAT_LIMITS.rooms} rooms already, the limit; join one of them`,
      );
    }
    const opened: Room = { sessions: new Map() };
    this.#rooms.set(room, opened);
    return opened;
  }

  #forgetAnEmptyRoom(): boolean {
    for (const [name, { sessions }] of this.#rooms) {
      if (sessions.size > 0) continue;
      this.#rooms.delete(name);
      this.#history.forget(name);
      return true;
    }
    return false;
  }

  #publish(room: string, message: ServerMessage, body?: Uint8Array): void {
    this.#channel.publish(room, message, body);
  }
}

function memberOf({ id, name }: ChatSession): Member {
  return { id, name };
}

function isTaken(room: Room, except: ChatSession, name: string): boolean {
  for (const session of room.sessions.values()) {
    if (session.id !== except.id && session.name === name) return true;
  }
  return false;
}

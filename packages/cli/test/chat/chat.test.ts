import { beforeEach, describe, expect, test } from 'vitest';
import { Chat, type ChatSession } from '../../src/chat/chat.ts';
import { CHAT_LIMITS } from '../../src/chat/limits.ts';
import type { ServerMessage } from '../../src/chat/messages.ts';
import { checkClientMessage, checkFile } from '../../src/chat/parse-message.ts';

/** A chat whose peers and channel write down what they are told. */
class RecordedChat {
  readonly trace: string[] = [];
  readonly replies: ServerMessage[] = [];
  readonly published: { readonly message: ServerMessage; readonly body: Uint8Array | undefined }[] = [];
  readonly chat: Chat;
  #ids = 0;
  #now = 1000;

  constructor() {
    this.chat = new Chat(
      {
        publish: (room, message, body) => {
          this.published.push({ message, body });
          this.trace.push(`publish ${room} ${message.type}`);
        },
        roomsChanged: () => this.trace.push('rooms'),
      },
      { now: () => this.#now++, newId: () => `id${this.#ids++}` },
    );
  }

  connect(): ChatSession {
    let id = '?';
    const session = this.chat.connect({
      reply: (message) => this.#reply(id, message),
      enterRoom: (room) => this.trace.push(`enter ${id} ${room}`),
      leaveRoom: (room) => this.trace.push(`leave ${id} ${room}`),
    });
    id = session.id;
    return session;
  }

  join(name: string, room = 'lobby'): ChatSession {
    const session = this.connect();
    this.send(session, { type: 'join', room, name });
    return session;
  }

  send(session: ChatSession, message: object): void {
    this.#answer(session, this.chat.receive(session, checkClientMessage(message)));
  }

  share(session: ChatSession, header: object, body: Uint8Array): void {
    this.#answer(session, this.chat.receive(session, checkFile(header, body)));
  }

  /** What happened since the last look. */
  look(): string[] {
    return this.trace.splice(0);
  }

  lastReply(): ServerMessage | undefined {
    return this.replies.at(-1);
  }

  lastPublished(): ServerMessage | undefined {
    return this.published.at(-1)?.message;
  }

  // An answer goes to who asked, as a reply does.
  #answer({ id }: ChatSession, answer: ServerMessage | undefined): void {
    if (answer !== undefined) this.#reply(id, answer);
  }

  #reply(id: string, message: ServerMessage): void {
    this.replies.push(message);
    this.trace.push(`reply ${id} ${message.type}`);
  }
}

const ID = 'message-0001';
let recorded: RecordedChat;

beforeEach(() => {
  recorded = new RecordedChat();
});

describe('joining', () => {
  test('a connection is welcomed with the limits and the rooms', () => {
    recorded.join('Ada');
    recorded.connect();
    expect(recorded.lastReply()).toMatchObject({
      type: 'welcome',
      serverId: 'id0',
      limits: CHAT_LIMITS,
      rooms: [{ name: 'lobby', members: 1 }],
    });
  });

  test('the others hear of a newcomer, who then gets the whole room', () => {
    recorded.join('Ada');
    recorded.look();
    const grace = recorded.join('Grace');
    expect(recorded.look()).toEqual([
      'reply ? welcome',
      'publish lobby entered',
      `enter ${grace.id} lobby`,
      'rooms',
      `reply ${grace.id} joined`,
    ]);
    expect(recorded.lastReply()).toMatchObject({
      type: 'joined',
      room: 'lobby',
      you: { id: grace.id, name: 'Grace' },
      members: [{ name: 'Ada' }, { name: 'Grace' }],
      history: [],
    });
  });

  test('a nickname that is taken gets a number', () => {
    recorded.join('Ada');
    expect(recorded.join('Ada').name).toBe('Ada 2');
    expect(recorded.join('Ada', 'elsewhere').name).toBe('Ada');
  });

  test('changing rooms leaves the one before', () => {
    const ada = recorded.join('Ada');
    recorded.look();
    recorded.send(ada, { type: 'join', room: 'other', name: 'Ada' });
    expect(recorded.look()).toEqual([
      `leave ${ada.id} lobby`,
      'publish lobby left',
      'rooms',
      'publish other entered',
      `enter ${ada.id} other`,
      'rooms',
      `reply ${ada.id} joined`,
    ]);
    expect(recorded.chat.rooms).toEqual([{ name: 'other', members: 1 }]);
  });

  test('joining the same room again renames', () => {
    const ada = recorded.join('Ada');
    recorded.look();
    recorded.send(ada, { type: 'join', room: 'lobby', name: 'Countess' });
    expect(recorded.look()).toEqual(['publish lobby renamed']);
    expect(recorded.lastPublished()).toMatchObject({ member: { id: ada.id, name: 'Countess' } });
  });

  test('a renaming that changes nothing is answered, and not told to the others', () => {
    recorded.join('Ada');
    const second = recorded.join('Ada');
    recorded.look();
    recorded.send(second, { type: 'join', room: 'lobby', name: 'Ada' });
    expect(recorded.look()).toEqual([`reply ${second.id} renamed`]);
    expect(recorded.lastReply()).toMatchObject({ member: { name: 'Ada 2' } });
  });

  test('a full room is refused, and the place before is kept', () => {
    for (let number = 0; number < CHAT_LIMITS.membersPerRoom; number++) recorded.join('Ada', 'full');
    const late = recorded.join('Late');
    recorded.send(late, { type: 'join', room: 'full', name: 'Late' });
    expect(recorded.lastReply()).toMatchObject({ type: 'error', code: 'room-full' });
    expect(late.room).toBe('lobby');
  });

  test('one room too many is refused while all have someone in them', () => {
    for (let number = 0; number < CHAT_LIMITS.rooms; number++) recorded.join('Ada', `room ${number}`);
    recorded.join('Late', 'another');
    expect(recorded.lastReply()).toMatchObject({ type: 'error', code: 'too-many-rooms' });
  });

  test('an empty room makes place for a new one, and its history goes', () => {
    const first = recorded.join('Ada', 'room 0');
    recorded.send(first, { type: 'say', id: ID, room: 'room 0', text: 'forgotten' });
    recorded.chat.disconnect(first);
    for (let number = 1; number <= CHAT_LIMITS.rooms; number++) recorded.join('Ada', `room ${number}`);
    expect(recorded.chat.rooms).toHaveLength(CHAT_LIMITS.rooms);
    recorded.chat.disconnect(recorded.join('Bob', 'room 1'));
  });
});

describe('leaving', () => {
  test('the others hear of it, and the room keeps its history', () => {
    const ada = recorded.join('Ada');
    recorded.send(ada, { type: 'say', id: ID, room: 'lobby', text: 'still here' });
    recorded.look();
    recorded.chat.disconnect(ada);
    expect(recorded.look()).toEqual([`leave ${ada.id} lobby`, 'publish lobby left', 'rooms']);
    expect(recorded.chat.rooms).toEqual([]);
    recorded.join('Grace');
    expect(recorded.lastReply()).toMatchObject({ history: [{ id: ID, text: 'still here' }] });
  });

  test('once is enough, and whoever has left is not heard', () => {
    const ada = recorded.join('Ada');
    recorded.chat.disconnect(ada);
    recorded.look();
    recorded.chat.disconnect(ada);
    recorded.send(ada, { type: 'ping', sent: 1 });
    recorded.share(ada, {}, new Uint8Array());
    expect(recorded.look()).toEqual([]);
  });

  test('without a room there is nobody to tell', () => {
    const nobody = recorded.connect();
    recorded.look();
    recorded.chat.disconnect(nobody);
    expect(recorded.look()).toEqual([]);
  });
});

describe('saying', () => {
  test('a text reaches the room, its sender included, with name and time', () => {
    const ada = recorded.join('Ada');
    recorded.look();
    recorded.send(ada, { type: 'say', id: ID, room: 'lobby', text: 'hello' });
    expect(recorded.look()).toEqual(['publish lobby said', `reply ${ada.id} accepted`]);
    expect(recorded.lastPublished()).toEqual({
      type: 'said',
      id: ID,
      room: 'lobby',
      from: { id: ada.id, name: 'Ada' },
      at: expect.any(Number),
      text: 'hello',
    });
  });

  test('the same id again is confirmed to its sender and not said twice', () => {
    const ada = recorded.join('Ada');
    recorded.send(ada, { type: 'say', id: ID, room: 'lobby', text: 'hello' });
    recorded.look();
    recorded.send(ada, { type: 'say', id: ID, room: 'lobby', text: 'hello' });
    expect(recorded.look()).toEqual([`reply ${ada.id} said`]);
  });

  test('in a room that one is not in is refused', () => {
    const ada = recorded.join('Ada');
    recorded.send(ada, { type: 'say', id: ID, room: 'other', text: 'hello' });
    expect(recorded.lastReply()).toMatchObject({ type: 'error', code: 'not-in-room', id: ID });
    const nobody = recorded.connect();
    recorded.send(nobody, { type: 'say', id: ID, room: 'lobby', text: 'hello' });
    expect(recorded.lastReply()).toMatchObject({ type: 'error', code: 'not-in-room' });
  });

  test('nonsense is answered and changes nothing', () => {
    const ada = recorded.join('Ada');
    recorded.look();
    recorded.send(ada, ['nonsense']);
    recorded.share(ada, ['nonsense'], Uint8Array.of(1));
    expect(recorded.look()).toEqual([`reply ${ada.id} error`, `reply ${ada.id} error`]);
  });

  test('a ping is answered with the time', () => {
    recorded.send(recorded.connect(), { type: 'ping', sent: 42 });
    expect(recorded.lastReply()).toEqual({ type: 'pong', sent: 42, now: expect.any(Number) });
  });
});

describe('receipts', () => {
  test('the sender hears how many of the others have a message', () => {
    const ada = recorded.join('Ada');
    const [grace, alan] = [recorded.join('Grace'), recorded.join('Alan')];
    recorded.send(ada, { type: 'say', id: ID, room: 'lobby', text: 'hello' });
    expect(recorded.lastReply()).toEqual({ type: 'accepted', id: ID, room: 'lobby', at: expect.any(Number) });
    recorded.look();
    recorded.send(grace, { type: 'received', id: ID });
    expect(recorded.look()).toEqual([`reply ${ada.id} receipt`]);
    expect(recorded.lastReply()).toEqual({ type: 'receipt', room: 'lobby', id: ID, by: 1, of: 2 });
    recorded.send(alan, { type: 'received', id: ID });
    expect(recorded.lastReply()).toMatchObject({ by: 2, of: 2 });
  });

  test('count once each, and neither the sender nor who is elsewhere', () => {
    const ada = recorded.join('Ada');
    const grace = recorded.join('Grace');
    const elsewhere = recorded.join('Alan', 'other');
    recorded.send(ada, { type: 'say', id: ID, room: 'lobby', text: 'hello' });
    recorded.send(grace, { type: 'received', id: ID });
    recorded.look();
    for (const session of [ada, grace, elsewhere, recorded.connect()]) {
      recorded.send(session, { type: 'received', id: ID });
    }
    expect(recorded.look()).toEqual(['reply ? welcome']);
  });

  test('for a sender who has gone reach nobody', () => {
    const ada = recorded.join('Ada');
    const grace = recorded.join('Grace');
    recorded.send(ada, { type: 'say', id: ID, room: 'lobby', text: 'hello' });
    recorded.chat.disconnect(ada);
    recorded.look();
    recorded.send(grace, { type: 'received', id: ID });
    expect(recorded.look()).toEqual([]);
  });
});

describe('sharing', () => {
  const header = { id: ID, room: 'lobby', name: 'a.bin', mediaType: 'application/x-test' };

  test('a file reaches the room with a new header', () => {
    const ada = recorded.join('Ada');
    recorded.share(ada, header, Uint8Array.of(1, 2, 3));
    expect(recorded.published.at(-1)?.body).toEqual(Uint8Array.of(1, 2, 3));
    expect(recorded.lastPublished()).toEqual({
      type: 'file',
      ...header,
      from: { id: ada.id, name: 'Ada' },
      at: expect.any(Number),
      size: 3,
    });
  });

  test('those who come later learn of it without its bytes', () => {
    recorded.share(recorded.join('Ada'), header, new Uint8Array(1000));
    recorded.join('Grace');
    expect(recorded.lastReply()).toMatchObject({ history: [{ type: 'file', name: 'a.bin', size: 1000 }] });
  });

  test('the same id again is confirmed without the bytes', () => {
    const ada = recorded.join('Ada');
    recorded.share(ada, header, new Uint8Array(3));
    recorded.look();
    recorded.share(ada, header, new Uint8Array(3));
    expect(recorded.look()).toEqual([`reply ${ada.id} file`]);
  });
});

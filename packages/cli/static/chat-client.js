import { localNow, ServerClock } from './clock.js';
import { Connection } from './connection.js';
import { Heartbeat } from './heartbeat.js';
import { Outbox } from './outbox.js';
import { newId } from './wire.js';

/**
 * How a message fared.
 *
 * @typedef {{ state: 'waiting', again: boolean }
 *   | { state: 'sending' }
 *   | { state: 'delivered', roundTripMs: number | undefined, waitedMs: number }
 *   | { state: 'received', ageMs: number, errorMs: number }
 *   | { state: 'recovered' }
 *   | { state: 'refused', reason: string }
 *   | { state: 'remembered' }} Delivery
 *
 * @typedef {import('./wire.js').Entry} Entry
 * @typedef {import('./wire.js').Member} Member
 * @typedef {import('./outbox.js').Outgoing} Outgoing
 * @typedef {import('./connection.js').ConnectionState} ConnectionState
 *
 * @typedef {{ type: 'entered' | 'renamed' | 'left', room: string, member: Member, before: string,
 *   isMe: boolean }} Change
 * @typedef {{ room: string, me: Member, members: Map<string, Member> }} Place where the server says we are
 *
 * @typedef {object} Joined
 * @property {string} room
 * @property {Member} you
 * @property {Entry[]} history
 * @property {boolean} isNewServer whether the server before has gone, and forgotten everything
 * @property {boolean} isRecovered whether the server went on with the session before
 * @property {string | undefined} refusal why it did not
 * @property {number} missed messages that it sent again
 *
 * @typedef {object} ChatView what the client tells the page
 * @property {(state: ConnectionState) => void} onState
 * @property {(transports: readonly string[]) => void} onTransport
 * @property {(roundTripMs: number) => void} onRoundTrip
 * @property {(silentMs: number) => void} onSilence
 * @property {(limits: import('./wire.js').Limits) => void} onLimits
 * @property {(room: string) => void} onRoom the room that is shown is another one
 * @property {(joined: Joined) => void} onJoined
 * @property {(members: Member[], me: Member | undefined) => void} onMembers who is in the shown room
 * @property {(rooms: import('./wire.js').RoomSummary[]) => void} onRooms
 * @property {(change: Change) => void} onChange
 * @property {(entry: Entry, delivery: Delivery, bytes?: Uint8Array<ArrayBuffer>) => void} onEntry
 * @property {(entry: Outgoing) => void} onWritten
 * @property {(room: string, id: string, delivery: Delivery) => void} onDelivery
 * @property {(receipt: { room: string, id: string, by: number, of: number }) => void} onReceipt
 * @property {(message: string) => void} onRefusal a wish was refused
 */

/**
 * The chat as the page knows it: keeps the wish to be in a room under a name, and the messages that are not
 * confirmed, through every loss of the connection. It touches no document.
 */
export class ChatClient {
  #view;
  #connection;
  #heartbeat;
  #clock = new ServerClock();
  #outbox = new Outbox();
  #wish;
  /** @type {Place | undefined} */
  #place;
  /** @type {string | undefined} */
  #serverId;
  #isNewServer = false;
  /** @type {import('./connection.js').Opening} */
  #opening = { isRecovered: false };
  /**
   * What was sent again before we had joined again.
   *
   * @type {string[]}
   */
  #recovered = [];

  /**
   * @param {import('./connection.js').Wire} wire
   * @param {{ room: string, name: string }} wish
   * @param {ChatView} view
   */
  constructor(wire, wish, view) {
    this.#wish = wish;
    this.#view = view;
    this.#connection = new Connection(wire, {
      onState: (state, opening) => this.#onState(state, opening),
      onTransport: (transports) => view.onTransport(transports),
      onMessage: (message, bytes) => this.#onMessage(message, localNow(), bytes),
    });
    this.#heartbeat = new Heartbeat({
      ping: (sent) => this.#send({ type: 'ping', sent }),
      queuedBytes: () => this.#connection.queuedBytes,
      onSilence: (silentMs) => view.onSilence(silentMs),
      onDead: () => {
        if (wire.watchesItself) return false;
        this.#connection.abandon('the server does not answer');
        return true;
      },
    });
  }

  get room() {
    return this.#wish.room;
  }

  /** The nickname that the user wants. */
  get name() {
    return this.#wish.name;
  }

  /** The nickname under which the others know the user: not always the one that they wanted. */
  get shownName() {
    return this.#place?.me.name ?? this.#wish.name;
  }

  get state() {
    return this.#connection.state;
  }

  /** @returns {Map<string, number>} */
  get undelivered() {
    return this.#outbox.countByRoom();
  }

  connect() {
    this.#connection.open();
  }

  disconnect() {
    this.#connection.close();
  }

  /** @param {string} room */
  enterRoom(room) {
    if (room === this.#wish.room) return;
    this.#wish = { ...this.#wish, room };
    this.#view.onRoom(room);
    this.#showMembers();
    this.#sendJoin();
  }

  /** @param {string} name */
  rename(name) {
    this.#wish = { ...this.#wish, name };
    this.#sendJoin();
  }

  /**
   * Say a text or share a file; it is sent as soon as that is possible.
   *
   * @param {string | import('./outbox.js').OutgoingFile} content
   * @returns {boolean} false when too much is waiting already
   */
  say(content) {
    const entry = this.#outbox.add({ id: newId(), room: this.#wish.room, content, nowMs: localNow() });
    if (entry === undefined) return false;
    this.#view.onWritten(entry);
    this.#flush();
    return true;
  }

  /** @param {string} id */
  retry(id) {
    const entry = this.#outbox.get(id);
    if (entry === undefined) return;
    entry.state = 'waiting';
    this.#view.onDelivery(entry.room, id, { state: 'waiting', again: false });
    this.#flush();
  }

  /** @param {string} id */
  discard(id) {
    this.#outbox.remove(id);
  }

  /**
   * @param {ConnectionState} state
   * @param {import('./connection.js').Opening} [opening]
   */
  #onState(state, opening) {
    if (state.name === 'open') {
      this.#opening = opening ?? { isRecovered: false };
      this.#clock.reset();
      this.#heartbeat.start();
    } else {
      this.#heartbeat.stop();
      this.#place = undefined;
      this.#showMembers();
    }
    if (state.name === 'reconnecting' || state.name === 'closed') {
      for (const { room, id } of this.#outbox.takeBack()) {
        this.#view.onDelivery(room, id, { state: 'waiting', again: true });
      }
    }
    this.#view.onState(state);
  }

  /**
   * @param {import('./wire.js').ServerMessage} message
   * @param {number} receivedMs
   * @param {Uint8Array<ArrayBuffer>} [bytes]
   */
  #onMessage(message, receivedMs, bytes) {
    this.#heartbeat.alive();
    switch (message.type) {
      case 'welcome':
        this.#isNewServer = this.#serverId !== undefined && this.#serverId !== message.serverId;
        this.#serverId = message.serverId;
        this.#view.onLimits(message.limits);
        this.#view.onRooms(message.rooms);
        return this.#sendJoin();
      case 'joined':
        return this.#onJoined(message);
      case 'entered':
      case 'renamed':
      case 'left':
        return this.#onChange(message);
      case 'rooms':
        return this.#view.onRooms(message.rooms);
      case 'pong':
        this.#clock.add({ sentMs: message.sent, serverMs: message.now, receivedMs });
        return this.#view.onRoundTrip(receivedMs - message.sent);
      case 'said':
      case 'file':
        return this.#onEntry(message, receivedMs, bytes);
      case 'accepted':
        this.#confirm(message.id, receivedMs);
        return;
      case 'receipt':
        return this.#view.onReceipt(message);
      case 'error':
        return this.#onError(message);
    }
  }

  /** @param {{ room: string, you: Member, members: Member[], history: Entry[] }} joined */
  #onJoined({ room, you, members, history }) {
    this.#place = { room, me: you, members: new Map(members.map((member) => [member.id, member])) };
    const { isRecovered, refusal } = this.#opening;
    const isNewServer = this.#isNewServer;
    const missed = this.#recovered.length;
    this.#view.onJoined({ room, you, history, isNewServer, isRecovered, refusal, missed });
    this.#isNewServer = false;
    for (const id of this.#recovered.splice(0)) this.#send({ type: 'received', id });
    // What the room remembers of ours had arrived although nobody told us.
    for (const { id } of history) this.#confirm(id, undefined);
    this.#showMembers();
    this.#flush();
  }

  /** @param {{ type: 'entered' | 'renamed' | 'left', room: string, member: Member }} change */
  #onChange({ type, room, member }) {
    const place = this.#place;
    if (room !== place?.room) return;
    const before = place.members.get(member.id)?.name ?? member.name;
    if (type === 'left') place.members.delete(member.id);
    else place.members.set(member.id, member);
    const isMe = member.id === place.me.id;
    if (isMe) place.me = member;
    this.#view.onChange({ type, room, member, before, isMe });
    this.#showMembers();
  }

  /**
   * @param {Entry} entry
   * @param {number} receivedMs
   * @param {Uint8Array<ArrayBuffer>} [bytes]
   */
  #onEntry(entry, receivedMs, bytes) {
    if (this.#confirm(entry.id, receivedMs) || entry.from.id === this.#place?.me.id) return;
    // Before we have joined again, only a session that is recovered is sent anything of a room.
    if (this.#place === undefined) {
      this.#recovered.push(entry.id);
      this.#view.onEntry(entry, { state: 'recovered' }, bytes);
      return;
    }
    this.#send({ type: 'received', id: entry.id });
    const age = this.#clock.ageOf(entry.at, receivedMs);
    this.#view.onEntry(
      entry,
      age === undefined ? { state: 'remembered' } : { state: 'received', ...age },
      bytes,
    );
  }

  /**
   * @param {string} id
   * @param {number | undefined} receivedMs nothing when it was found in a history
   * @returns {boolean} whether it was ours
   */
  #confirm(id, receivedMs) {
    const entry = this.#outbox.get(id);
    if (entry === undefined) return false;
    this.#outbox.remove(id);
    const roundTripMs = receivedMs === undefined ? undefined : receivedMs - entry.sentMs;
    const waitedMs = entry.sentMs - entry.writtenMs;
    this.#view.onDelivery(entry.room, id, { state: 'delivered', roundTripMs, waitedMs });
    return true;
  }

  /** @param {{ message: string, id?: string }} refusal */
  #onError({ message, id }) {
    const entry = id === undefined ? undefined : this.#outbox.get(id);
    if (entry !== undefined) {
      entry.state = 'refused';
      this.#view.onDelivery(entry.room, entry.id, { state: 'refused', reason: message });
      return;
    }
    // A refused wish leaves us where we were, if we were anywhere.
    const place = this.#place;
    if (place !== undefined && (this.#wish.room !== place.room || this.#wish.name !== place.me.name)) {
      this.#wish = { room: place.room, name: place.me.name };
      this.#view.onRoom(place.room);
      this.#showMembers();
    }
    this.#view.onRefusal(message);
  }

  #sendJoin() {
    this.#send({ type: 'join', ...this.#wish });
  }

  #flush() {
    if (this.#place?.room !== this.#wish.room) return;
    for (const entry of this.#outbox.waitingFor(this.#wish.room)) {
      const { id, room, content } = entry;
      entry.sentMs = localNow();
      const isSent =
        typeof content === 'string'
          ? this.#send({ type: 'say', id, room, text: content })
          : this.#send(
              { type: 'file', id, room, name: content.name, mediaType: content.mediaType },
              content.bytes,
            );
      if (!isSent) return;
      entry.state = 'sending';
      this.#view.onDelivery(room, id, { state: 'sending' });
    }
  }

  /**
   * @param {import('./wire.js').ClientMessage} message
   * @param {Uint8Array<ArrayBuffer>} [bytes]
   */
  #send(message, bytes) {
    return this.#connection.send(message, bytes);
  }

  #showMembers() {
    const place = this.#place;
    const isHere = place !== undefined && place.room === this.#wish.room;
    if (isHere) this.#view.onMembers([...place.members.values()], place.me);
    else this.#view.onMembers([], undefined);
  }
}

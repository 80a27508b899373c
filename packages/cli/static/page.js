import { ChatClient } from './chat-client.js';
import { localNow } from './clock.js';
import { ComposerView } from './composer-view.js';
import { byId } from './dom.js';
import { formatDuration } from './format.js';
import { rememberedName, rememberName, roomFromAddress, showRoomInAddress } from './identity.js';
import { LogView } from './log-view.js';
import { SideView } from './side-view.js';
import { StateView } from './state-view.js';

/**
 * @typedef {import('./chat-client.js').ChatView} ChatView
 * @typedef {import('./wire.js').Entry} Entry
 */

// Why the server could not go on with the session before.
const REFUSALS = /** @type {Readonly<Record<string, string | undefined>>} */ ({
  restarted: 'the server was restarted: ',
  expired: 'too late to be recovered: ',
  overflow: 'too much was missed to be recovered: ',
  'unknown-offset': 'the server does not know where we were: ',
});

/**
 * The page: joins the chat with what shows it.
 *
 * @implements {ChatView}
 */
export class PlaygroundPage {
  #client;
  #state;
  #side;
  #log;
  #composer;
  /** @type {readonly import('./wire.js').RoomSummary[]} */
  #rooms = [];
  #historyLength = 0;
  #unread = 0;
  #hasBeenOpen = false;
  /** @type {number | undefined} */
  #lostAtMs;

  /** @param {import('./connection.js').Wire} wire */
  constructor(wire) {
    const client = new ChatClient(wire, { room: roomFromAddress(), name: rememberedName() }, this);
    this.#client = client;
    this.#state = new StateView({ connect: () => client.connect(), disconnect: () => client.disconnect() });
    this.#side = new SideView({
      enterRoom: (room) => {
        client.enterRoom(room);
        this.#composer.focus();
      },
      rename: (name) => {
        rememberName(name);
        client.rename(name);
      },
    });
    this.#log = new LogView({
      retry: (id) => client.retry(id),
      discard: (id) => {
        client.discard(id);
        this.#showRooms();
      },
    });
    this.#composer = new ComposerView({ say: (text) => client.say(text), share: (file) => client.say(file) });
  }

  /** Show the first room and connect. */
  start() {
    const client = this.#client;
    addEventListener('hashchange', () => client.enterRoom(roomFromAddress()));
    addEventListener('online', () => client.state.name === 'reconnecting' && client.connect());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#showUnread(0);
    });
    this.#side.showName(client.name);
    this.onRoom(client.room);
    client.connect();
    this.#composer.focus();
  }

  /** @type {ChatView['onState']} */
  onState(state) {
    this.#state.show(state);
    if (state.name === 'open') {
      this.#hasBeenOpen = true;
    } else {
      // How many are where is not known any more; the names stay to choose from.
      this.#rooms = this.#rooms.map(({ name }) => ({ name, members: 0 }));
      this.#showRooms();
    }
    const isEnd = state.name === 'reconnecting' || state.name === 'closed';
    // One line for the loss, none for the failed attempts that follow.
    if (!isEnd || !this.#hasBeenOpen || this.#lostAtMs !== undefined) return;
    this.#lostAtMs = localNow();
    const mood = state.name === 'closed' ? 'plain' : 'bad';
    this.#note(this.#client.room, `Disconnected with ${state.reason}`, mood);
  }

  /** @type {ChatView['onTransport']} */
  onTransport(transports) {
    this.#state.showTransport(transports);
  }

  /** @type {ChatView['onRoundTrip']} */
  onRoundTrip(roundTripMs) {
    this.#state.showRoundTrip(roundTripMs);
  }

  /** @type {ChatView['onSilence']} */
  onSilence(silentMs) {
    this.#state.showSilence(silentMs);
  }

  /** @type {ChatView['onLimits']} */
  onLimits(limits) {
    this.#historyLength = limits.historyLength;
    this.#composer.setLimits(limits);
  }

  /** @type {ChatView['onRoom']} */
  onRoom(room) {
    byId('room-title', HTMLElement).textContent = `# ${room}`;
    showRoomInAddress(room);
    this.#composer.setRoom(room);
    this.#composer.showNotice('');
    this.#log.showRoom(room);
    this.#showRooms();
    this.#showUnread(0);
  }

  /** @type {ChatView['onJoined']} */
  onJoined(joined) {
    const { room, history } = joined;
    let remembered = 0;
    this.#log.change(room, (log) => {
      // As many as the server remembers, and none of them known: there may have been more.
      const hasGap =
        !log.isEmpty && history.length >= this.#historyLength && !history.some(({ id }) => log.has(id));
      if (hasGap) log.note('Earlier messages may be missing here');
      for (const entry of history) {
        if (!log.has(entry.id)) remembered++;
        log.add(modelOf(entry), { state: 'remembered' });
      }
    });
    if (this.#lostAtMs === undefined) return;
    const after = `Connected again after ${formatDuration(localNow() - this.#lostAtMs)}`;
    this.#lostAtMs = undefined;
    this.#note(room, `${after}: ${describeReturn(joined, remembered)}`, 'good');
  }

  /** @type {ChatView['onMembers']} */
  onMembers(members, me) {
    if (me !== undefined) this.#side.showName(me.name);
    this.#side.showPeople(members, me);
  }

  /** @type {ChatView['onRooms']} */
  onRooms(rooms) {
    this.#rooms = rooms;
    this.#showRooms();
  }

  /** @type {ChatView['onChange']} */
  onChange({ type, room, member, before, isMe }) {
    if (type === 'renamed' && before === member.name) return;
    const subject = isMe ? 'You' : before;
    const deed = { entered: 'joined', left: 'left', renamed: `${isMe ? 'are' : 'is'} now ${member.name}` }[
      type
    ];
    this.#note(room, `${subject} ${deed}`, 'plain');
  }

  /** @type {ChatView['onEntry']} */
  onEntry(entry, delivery, bytes) {
    this.#log.change(entry.room, (log) => log.add(modelOf(entry, bytes), delivery), { isNews: true });
    if (document.hidden) this.#showUnread(this.#unread + 1);
  }

  /** @type {ChatView['onWritten']} */
  onWritten({ id, room, content, writtenMs }) {
    const shown = typeof content === 'string' ? content : { ...content, size: content.bytes.length };
    const model = { id, author: this.#client.shownName, isMine: true, atMs: writtenMs, content: shown };
    this.#log.change(room, (log) => log.add(model, { state: 'waiting', again: false }), { isMine: true });
    this.#showRooms();
  }

  /** @type {ChatView['onDelivery']} */
  onDelivery(room, id, delivery) {
    this.#log.change(room, (log) => log.update(id, delivery));
    this.#showRooms();
  }

  /** @type {ChatView['onReceipt']} */
  onReceipt({ room, id, by, of }) {
    this.#log.change(room, (log) => log.showReceipt(id, by, of));
  }

  /** @type {ChatView['onRefusal']} */
  onRefusal(message) {
    this.#composer.showNotice(`The server refused: ${message}.`);
    this.#side.showName(this.#client.shownName);
  }

  /**
   * @param {string} room
   * @param {string} text
   * @param {'plain' | 'good' | 'bad'} mood
   */
  #note(room, text, mood) {
    this.#log.change(room, (log) => log.note(text, mood));
  }

  #showRooms() {
    this.#side.showRooms(this.#rooms, this.#client.room, this.#client.undelivered);
  }

  /** @param {number} count */
  #showUnread(count) {
    this.#unread = count;
    document.title = `${count === 0 ? '' : `(${count}) `}# ${this.#client.room} · Hawser playground`;
  }
}

/**
 * @param {Entry} entry
 * @param {Uint8Array<ArrayBuffer>} [bytes]
 * @returns {import('./message-view.js').MessageModel}
 */
function modelOf(entry, bytes) {
  const { id, from, at } = entry;
  const content = entry.type === 'said' ? entry.text : { ...entry, bytes };
  return { id, author: from.name, isMine: false, atMs: at, content };
}

/**
 * @param {import('./chat-client.js').Joined} joined
 * @param {number} remembered messages that only the room's history knew
 */
function describeReturn({ isRecovered, isNewServer, refusal, missed }, remembered) {
  if (isRecovered) return `recovered, ${countMissed(missed)}`;
  const why = isNewServer ? 'the server was restarted: ' : (REFUSALS[refusal ?? ''] ?? '');
  const rest = remembered === 0 ? '' : `, ${countMissed(remembered)} from the room's history`;
  return `${why}joined again${rest}`;
}

/** @param {number} count */
function countMissed(count) {
  return `${count} missed message${count === 1 ? '' : 's'}`;
}

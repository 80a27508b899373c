/**
 * What the user sent and the server has not confirmed yet.
 *
 *   waiting -> sending -> (confirmed: gone)
 *      ^          |   \-> refused -> waiting (the user tries again)
 *      \----------/ connection lost
 *
 * @typedef {{ name: string, mediaType: string, bytes: Uint8Array<ArrayBuffer> }} OutgoingFile
 * @typedef {object} Outgoing
 * @property {string} id
 * @property {string} room
 * @property {string | OutgoingFile} content
 * @property {'waiting' | 'sending' | 'refused'} state
 * @property {number} writtenMs when the user sent it
 * @property {number} sentMs when it was handed to the socket the last time
 */

const MAX_ENTRIES = 100;
const MAX_BYTES = 32 * 1024 * 1024;

/** Keeps unconfirmed messages in order, within a bound, across connections. */
export class Outbox {
  /** @type {Map<string, Outgoing>} */
  #entries = new Map();

  /**
   * Keep a message until it is confirmed.
   *
   * @param {{ id: string, room: string, content: string | OutgoingFile, nowMs: number }} message
   * @returns {Outgoing | undefined} nothing when the outbox is full
   */
  add({ id, room, content, nowMs }) {
    let bytes = sizeOf(content);
    for (const entry of this.#entries.values()) bytes += sizeOf(entry.content);
    if (this.#entries.size >= MAX_ENTRIES || bytes > MAX_BYTES) return undefined;
    /** @type {Outgoing} */
    const entry = { id, room, content, state: 'waiting', writtenMs: nowMs, sentMs: 0 };
    this.#entries.set(id, entry);
    return entry;
  }

  /**
   * @param {string} id
   * @returns {Outgoing | undefined}
   */
  get(id) {
    return this.#entries.get(id);
  }

  /**
   * The messages of a room that wait to be sent, oldest first.
   *
   * @param {string} room
   * @returns {Outgoing[]}
   */
  waitingFor(room) {
    return [...this.#entries.values()].filter((entry) => entry.room === room && entry.state === 'waiting');
  }

  /**
   * How many messages each room has that have not been delivered.
   *
   * @returns {Map<string, number>}
   */
  countByRoom() {
    const counts = new Map();
    for (const { room } of this.#entries.values()) counts.set(room, (counts.get(room) ?? 0) + 1);
    return counts;
  }

  /**
   * Forget a message: it was confirmed, or the user gave it up.
   *
   * @param {string} id
   */
  remove(id) {
    this.#entries.delete(id);
  }

  /**
   * The connection is lost: what was on its way may or may not have arrived, so it waits again. It keeps its
   * id, by which the server recognises it.
   *
   * @returns {Outgoing[]} the messages that went back
   */
  takeBack() {
    const sending = [...this.#entries.values()].filter((entry) => entry.state === 'sending');
    for (const entry of sending) entry.state = 'waiting';
    return sending;
  }
}

/** @param {string | OutgoingFile} content */
function sizeOf(content) {
  return typeof content === 'string' ? 2 * content.length : content.bytes.length;
}

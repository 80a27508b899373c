import { element } from './dom.js';
import { MessageView } from './message-view.js';

/**
 * @typedef {import('./chat-client.js').Delivery} Delivery
 * @typedef {import('./message-view.js').MessageModel} MessageModel
 */

const MAX_ITEMS = 400;
// Messages of one author within this time stand under one name.
const GROUP_MS = 4 * 60 * 1000;

/** The log of one room: its messages in the order of the server, those not yet delivered at the end. */
export class RoomLog {
  node = element('ol', { class: 'messages' });
  #actions;
  /** @type {Map<string, MessageView>} */
  #views = new Map();

  /** @param {import('./message-view.js').MessageActions} actions */
  constructor(actions) {
    this.#actions = {
      retry: actions.retry,
      discard: (/** @type {string} */ id) => {
        this.#remove(id);
        actions.discard(id);
      },
    };
  }

  get isEmpty() {
    return this.#views.size === 0;
  }

  get hasPending() {
    return this.#firstPending() !== null;
  }

  /**
   * @param {string} id
   * @returns {boolean}
   */
  has(id) {
    return this.#views.has(id);
  }

  /**
   * Add a message, once: the same id again changes nothing.
   *
   * @param {MessageModel} model
   * @param {Delivery} delivery
   */
  add(model, delivery) {
    if (this.#views.has(model.id)) return;
    const view = new MessageView(model, delivery, this.#actions);
    this.#views.set(model.id, view);
    this.#place(view.node, view.isPending);
    this.#trim();
  }

  /**
   * @param {string} id
   * @param {Delivery} delivery
   */
  update(id, delivery) {
    const view = this.#views.get(id);
    if (view === undefined) return;
    const wasPending = view.isPending;
    view.show(delivery);
    if (!wasPending || view.isPending) return;
    // Delivered: its place is now before those that still wait.
    const firstPending = this.#firstPending();
    if (firstPending !== null && isBefore(firstPending, view.node)) this.#place(view.node, false);
  }

  /**
   * @param {string} id
   * @param {number} by how many have it
   * @param {number} of how many it was sent to
   */
  showReceipt(id, by, of) {
    this.#views.get(id)?.showReceipt(by, of);
  }

  /**
   * Add a line about what happened.
   *
   * @param {string} text
   * @param {'plain' | 'good' | 'bad'} [mood]
   */
  note(text, mood = 'plain') {
    this.#place(element('li', { class: 'note', 'data-mood': mood }, text), false);
    this.#trim();
  }

  /** Free everything. */
  dispose() {
    for (const view of this.#views.values()) view.dispose();
    this.node.remove();
  }

  /** @param {string} id */
  #remove(id) {
    const view = this.#views.get(id);
    if (view === undefined) return;
    const next = view.node.nextElementSibling;
    view.node.remove();
    view.dispose();
    this.#views.delete(id);
    this.#group(next);
  }

  /**
   * @param {HTMLElement} node
   * @param {boolean} isLast
   */
  #place(node, isLast) {
    const before = node.nextElementSibling;
    this.node.insertBefore(node, isLast ? null : this.#firstPending());
    this.#group(before);
    this.#group(node);
    this.#group(node.nextElementSibling);
  }

  #firstPending() {
    return this.node.querySelector('[data-state="waiting"], [data-state="sending"], [data-state="refused"]');
  }

  /**
   * Decide whether a message continues the one before it.
   *
   * @param {Element | null} node
   */
  #group(node) {
    const model = this.#modelOf(node);
    const before = this.#modelOf(node?.previousElementSibling ?? null);
    const isContinued =
      model !== undefined &&
      before !== undefined &&
      model.author === before.author &&
      model.isMine === before.isMine &&
      Math.abs(model.atMs - before.atMs) < GROUP_MS;
    node?.classList.toggle('is-continued', isContinued);
  }

  /** @param {Element | null} node */
  #modelOf(node) {
    const id = node instanceof HTMLElement ? node.dataset.id : undefined;
    return id === undefined ? undefined : this.#views.get(id)?.model;
  }

  #trim() {
    while (this.node.childElementCount > MAX_ITEMS) {
      const oldest = this.node.firstElementChild;
      const id = oldest instanceof HTMLElement ? oldest.dataset.id : undefined;
      if (id === undefined) oldest?.remove();
      else this.#remove(id);
    }
  }
}

/**
 * @param {Element} one
 * @param {Element} other
 */
function isBefore(one, other) {
  return (one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
}

import { byId, element } from './dom.js';
import { RoomLog } from './room-log.js';

/** @typedef {import('./message-view.js').MessageActions} MessageActions */

const MAX_ROOMS = 12;
const END_TOLERANCE_PX = 48;

/** Shows the log of one room and keeps those of the rooms visited before. */
export class LogView {
  #frame = byId('log', HTMLElement);
  #toEnd = byId('to-end', HTMLButtonElement);
  #empty = element('div', { class: 'empty' });
  /** @type {Map<string, RoomLog>} */
  #logs = new Map();
  #actions;
  #room = '';
  #isAtEnd = true;

  /** @param {MessageActions} actions */
  constructor(actions) {
    this.#actions = {
      ...actions,
      discard: (/** @type {string} */ id) => {
        actions.discard(id);
        this.#refresh();
      },
    };
    // Whoever has no mouse scrolls with the keys, for which the region has to take the focus.
    this.#frame.tabIndex = 0;
    this.#frame.addEventListener('scroll', () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#frame;
      this.#isAtEnd = scrollHeight - scrollTop - clientHeight < END_TOLERANCE_PX;
      if (this.#isAtEnd) this.#toEnd.hidden = true;
    });
    this.#toEnd.addEventListener('click', () => this.#scrollToEnd());
    // Pictures grow when they are decoded, and the window changes its size.
    const follow = new ResizeObserver(() => {
      if (this.#isAtEnd) this.#scrollToEnd();
    });
    follow.observe(this.#frame);
    this.#frame.addEventListener('load', () => this.#isAtEnd && this.#scrollToEnd(), { capture: true });
  }

  /** @param {string} room */
  showRoom(room) {
    this.#room = room;
    const log = this.of(room);
    // The latest visited comes last: the first is the one to forget.
    this.#logs.delete(room);
    this.#logs.set(room, log);
    this.#frame.replaceChildren(this.#empty, log.node);
    this.#frame.setAttribute('aria-label', `Messages in ${room}`);
    this.#empty.replaceChildren(...emptyText(room));
    this.#refresh();
    this.#scrollToEnd();
  }

  /**
   * The log of a room, new if need be.
   *
   * @param {string} room
   * @returns {RoomLog}
   */
  of(room) {
    let log = this.#logs.get(room);
    if (log === undefined) {
      log = new RoomLog(this.#actions);
      this.#logs.set(room, log);
      this.#forgetOldest();
    }
    return log;
  }

  /**
   * Change a room's log and keep the view in place: at the end if it was there, else where it is.
   *
   * @param {string} room
   * @param {(log: RoomLog) => void} change
   * @param {{ isMine?: boolean, isNews?: boolean }} [what]
   */
  change(room, change, { isMine = false, isNews = false } = {}) {
    change(this.of(room));
    if (room !== this.#room) return;
    this.#refresh();
    if (isMine || this.#isAtEnd) this.#scrollToEnd();
    else if (isNews) this.#toEnd.hidden = false;
  }

  #refresh() {
    this.#empty.hidden = !this.of(this.#room).isEmpty;
  }

  #scrollToEnd() {
    this.#isAtEnd = true;
    this.#toEnd.hidden = true;
    this.#frame.scrollTop = this.#frame.scrollHeight;
  }

  #forgetOldest() {
    for (const [room, log] of this.#logs) {
      if (this.#logs.size <= MAX_ROOMS) return;
      if (room === this.#room || log.hasPending) continue;
      log.dispose();
      this.#logs.delete(room);
    }
  }
}

/** @param {string} room */
function emptyText(room) {
  const link = element('a', {
    href: `/#${encodeURIComponent(room)}`,
    target: '_blank',
    rel: 'noopener',
    class: 'link',
  });
  link.textContent = 'Open it in a second tab';
  return [
    element('p', { class: 'empty-title' }, 'No messages here yet'),
    element('p', {}, link, ' and write something: it appears in both at once.'),
  ];
}

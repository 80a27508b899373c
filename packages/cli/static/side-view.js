import { byId, element } from './dom.js';
import { cleanRoom, isRoomName } from './identity.js';
import { avatar } from './message-view.js';

/**
 * @typedef {object} SideActions
 * @property {(room: string) => void} enterRoom
 * @property {(name: string) => void} rename
 */

const ROOM_RULE = 'A room has 1 to 32 letters, digits, spaces or . - _ and begins with a letter or digit.';

/** The column beside the messages: the user's name, the rooms, who is here. */
export class SideView {
  #side = byId('side', HTMLElement);
  #main = byId('main', HTMLElement);
  #backdrop = byId('backdrop', HTMLElement);
  #opener = byId('side-open', HTMLButtonElement);
  #name = byId('name', HTMLInputElement);
  #nameSave = byId('name-save', HTMLButtonElement);
  #rooms = byId('rooms', HTMLElement);
  #people = byId('people', HTMLElement);
  #peopleCount = byId('people-count', HTMLElement);
  #here = byId('here', HTMLElement);
  #narrow = matchMedia('(max-width: 47.99rem)');
  #actions;
  #savedName = '';

  /** @param {SideActions} actions */
  constructor(actions) {
    this.#actions = actions;
    this.#listenToName();
    this.#listenToRooms();
    this.#opener.addEventListener('click', () => this.#setOpen(true));
    byId('side-close', HTMLButtonElement).addEventListener('click', () => this.#setOpen(false));
    this.#backdrop.addEventListener('click', () => this.#setOpen(false));
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#setOpen(false);
    });
    this.#narrow.addEventListener('change', () => this.#setOpen(false));
    this.#setOpen(false);
  }

  /** @param {string} name */
  showName(name) {
    // What is being typed is not overwritten.
    if (this.#name.value === this.#savedName || document.activeElement !== this.#name)
      this.#name.value = name;
    this.#savedName = name;
    this.#nameSave.hidden = this.#name.value === name;
  }

  /**
   * @param {readonly import('./wire.js').RoomSummary[]} rooms those with someone in them
   * @param {string} current
   * @param {ReadonlyMap<string, number>} undelivered how many messages wait in each room
   */
  showRooms(rooms, current, undelivered) {
    const members = new Map(rooms.map((room) => [room.name, room.members]));
    const names = new Set([current, ...undelivered.keys(), ...members.keys()]);
    const focused = this.#rooms.contains(document.activeElement) ? document.activeElement : null;
    const focusedRoom = focused instanceof HTMLElement ? focused.dataset.room : undefined;
    this.#rooms.replaceChildren(
      ...[...names].sort().map((name) => {
        const isCurrent = name === current;
        return element(
          'li',
          {},
          this.#roomButton(name, isCurrent, members.get(name) ?? 0, undelivered.get(name) ?? 0),
        );
      }),
    );
    if (focusedRoom === undefined) return;
    const again = [...this.#rooms.querySelectorAll('button')].find(
      (made) => made.dataset.room === focusedRoom,
    );
    again?.focus();
  }

  /**
   * @param {readonly import('./wire.js').Member[]} members
   * @param {import('./wire.js').Member | undefined} me
   */
  showPeople(members, me) {
    const sorted = [...members].sort(
      (one, other) =>
        Number(other.id === me?.id) - Number(one.id === me?.id) || one.name.localeCompare(other.name),
    );
    const unknown = element('li', { class: 'people-unknown' }, 'Not known without a connection');
    this.#people.replaceChildren(
      ...(me === undefined ? [unknown] : []),
      ...sorted.map(({ id, name }) => {
        const tag = id === me?.id ? element('span', { class: 'tag' }, 'you') : undefined;
        return element(
          'li',
          { class: 'person' },
          avatar(name),
          element('bdi', { class: 'person-name' }, name),
          tag,
        );
      }),
    );
    this.#peopleCount.textContent = members.length === 0 ? '' : String(members.length);
    this.#here.textContent = members.length === 0 ? '' : `${members.length} here`;
  }

  /**
   * @param {string} name
   * @param {boolean} isCurrent
   * @param {number} members
   * @param {number} undelivered
   */
  #roomButton(name, isCurrent, members, undelivered) {
    const made = element(
      'button',
      { type: 'button', class: 'room', 'data-room': name, 'aria-current': isCurrent ? 'true' : undefined },
      element('span', { class: 'room-sign', 'aria-hidden': 'true' }, '#'),
      element('bdi', { class: 'room-name' }, name),
      undelivered === 0 ? undefined : element('span', { class: 'room-unsent' }, `${undelivered} unsent`),
      members === 0 ? undefined : count(members),
    );
    made.addEventListener('click', () => {
      this.#actions.enterRoom(name);
      this.#setOpen(false);
    });
    return made;
  }

  #listenToName() {
    const save = () => {
      const name = this.#name.value.replace(/\s+/g, ' ').trim();
      if (name === '') {
        this.#name.value = this.#savedName;
      } else if (name !== this.#savedName) {
        this.#savedName = name;
        this.#actions.rename(name);
      }
      this.#nameSave.hidden = true;
    };
    this.#name.addEventListener('input', () => {
      this.#nameSave.hidden = this.#name.value === this.#savedName;
    });
    this.#name.addEventListener('change', save);
    byId('name-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      save();
      this.#setOpen(false);
    });
  }

  #listenToRooms() {
    const field = byId('room-name', HTMLInputElement);
    field.addEventListener('input', () => field.setCustomValidity(''));
    byId('room-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const room = cleanRoom(field.value);
      if (!isRoomName(room)) {
        field.setCustomValidity(room === '' ? 'Write the name of a room.' : ROOM_RULE);
        field.reportValidity();
        return;
      }
      field.value = '';
      this.#actions.enterRoom(room);
      this.#setOpen(false);
    });
  }

  /** @param {boolean} isOpen on a narrow screen, where the column lies over the messages */
  #setOpen(isOpen) {
    const wasOpen = this.#side.classList.contains('is-open');
    const isNarrow = this.#narrow.matches;
    this.#side.classList.toggle('is-open', isOpen && isNarrow);
    this.#side.inert = isNarrow && !isOpen;
    // What it lies over is not there for the keyboard either.
    this.#main.inert = isNarrow && isOpen;
    this.#backdrop.hidden = !(isNarrow && isOpen);
    this.#opener.setAttribute('aria-expanded', String(isNarrow && isOpen));
    if (!isNarrow || isOpen === wasOpen) return;
    if (isOpen) byId('side-close', HTMLButtonElement).focus();
    else this.#opener.focus();
  }
}

/** @param {number} members */
function count(members) {
  const text = `${members} ${members === 1 ? 'person' : 'people'}`;
  return element(
    'span',
    { class: 'count', title: text },
    element('span', { 'aria-hidden': 'true' }, String(members)),
    element('span', { class: 'visually-hidden' }, text),
  );
}

const ADJECTIVES = ['Calm', 'Swift', 'Bright', 'Quiet', 'Bold', 'Merry', 'Keen', 'Gentle', 'Lucky', 'Brisk'];
const NOUNS = ['Heron', 'Otter', 'Gull', 'Seal', 'Tern', 'Puffin', 'Dolphin', 'Plover', 'Osprey', 'Petrel'];
const NAME_KEY = 'hawser.name';
const FIRST_ROOM = 'lobby';
const ROOM = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} _.-]*$/u;
const MAX_ROOM_LENGTH = 32;

/**
 * Make up a nickname.
 *
 * @param {() => number} [random] from 0 to 1
 * @returns {string}
 */
export function inventName(random = Math.random) {
  const pick = (/** @type {string[]} */ words) => words[Math.floor(random() * words.length)];
  return `${pick(ADJECTIVES)} ${pick(NOUNS)}`;
}

/**
 * The nickname of this tab. Each tab has its own, so that two tabs can talk to each other.
 *
 * @returns {string}
 */
export function rememberedName() {
  const name = read(NAME_KEY) ?? inventName();
  rememberName(name);
  return name;
}

/** @param {string} name */
export function rememberName(name) {
  try {
    sessionStorage.setItem(NAME_KEY, name);
  } catch {
    // Storage is switched off: the name lives as long as the page.
  }
}

/**
 * The room that the page's address names after its #.
 *
 * @returns {string}
 */
export function roomFromAddress() {
  try {
    const room = cleanRoom(decodeURIComponent(location.hash.slice(1)));
    return isRoomName(room) ? room : FIRST_ROOM;
  } catch {
    return FIRST_ROOM;
  }
}

/** @param {string} room */
export function showRoomInAddress(room) {
  history.replaceState(null, '', `#${encodeURIComponent(room)}`);
}

/**
 * Put a room's name into the form that the server gives it.
 *
 * @param {string} value
 * @returns {string}
 */
export function cleanRoom(value) {
  return value.normalize('NFC').replace(/\s+/g, ' ').trim().toLowerCase();
}

/**
 * Whether the server would take a room's name.
 *
 * @param {string} room in the form of {@link cleanRoom}
 */
export function isRoomName(room) {
  return [...room].length <= MAX_ROOM_LENGTH && ROOM.test(room);
}

/** @param {string} key */
function read(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

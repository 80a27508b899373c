import { CHAT_LIMITS } from './limits.ts';

// Control characters and invisible formatting (among them the direction overrides that can make a name
// read backwards); the zero-width joiner stays, emoji need it.
const INVISIBLE = /(?!\u200d)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const ROOM = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} _.-]*$/u;

/**
 * Put a nickname into the form in which it is shown.
 *
 * @returns the nickname, or undefined when nothing visible is left or it is too long
 */
export function cleanNickname(value: string): string | undefined {
  const name = tidy(value);
  return isWithin(name, CHAT_LIMITS.nameLength) && /[^\s\u200d]/u.test(name) ? name : undefined;
}

/**
 * Put a room's name into the one form that all its members use: lower case, single spaces.
 *
 * @returns the name, or undefined when it is too long or has other characters than letters, digits,
 * spaces, dots, hyphens and underscores
 */
export function cleanRoomName(value: string): string | undefined {
  const room = tidy(value).toLowerCase();
  return isWithin(room, CHAT_LIMITS.roomLength) && ROOM.test(room) ? room : undefined;
}

/**
 * Put a file's name into a form that is safe to suggest for a download: no folders, nothing invisible.
 * A name that is too long loses its middle, so that its extension survives.
 */
export function cleanFileName(value: string): string {
  const name = tidy(value.replace(/^.*[\\/]/s, '').replace(/[<>:"|?*]/g, '_')).replace(/^\.+/, '');
  const characters = [...name];
  if (characters.length === 0) return 'file';
  if (characters.length <= CHAT_LIMITS.fileNameLength) return name;
  const tailLength = 20;
  const head = characters.slice(0, CHAT_LIMITS.fileNameLength - tailLength - 1);
  return `${head.join('')}…${characters.slice(-tailLength).join('')}`;
}

/**
 * Choose a name that no one else in the room has, by adding a number.
 *
 * @param wanted - a clean nickname
 * @param isTaken - says whether someone else goes by a name
 */
export function uniqueNickname(wanted: string, isTaken: (name: string) => boolean): string {
  let name = wanted;
  for (let number = 2; isTaken(name); number++) {
    const suffix = ` ${number}`;
    name = [...wanted].slice(0, CHAT_LIMITS.nameLength - suffix.length).join('') + suffix;
  }
  return name;
}

function tidy(value: string): string {
  // Longer than any limit even after tidying: cut first, so that the work is bounded too.
  const bounded = value.length > 1000 ? value.slice(0, 1000) : value;
  return bounded.normalize('NFC').replace(/\s+/g, ' ').replace(INVISIBLE, '').trim();
}

function isWithin(value: string, limit: number): boolean {
  return value !== '' && [...value].length <= limit;
}

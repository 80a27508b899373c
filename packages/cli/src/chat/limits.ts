/**
 * Bounds of the playground's chat. The page receives them in `welcome`, so that it refuses early what
 * the server would refuse anyway.
 */
export const CHAT_LIMITS = Object.freeze({
  /** Characters (code points) of a nickname. */
  nameLength: 24,
  /** Characters (code points) of a room's name. */
  roomLength: 32,
  /** UTF-16 units of one text message. */
  textLength: 4000,
  /** Bytes of one file. */
  fileBytes: 4 * 1024 * 1024,
  /** Characters (code points) of a file's name. */
  fileNameLength: 120,
  /** Rooms that exist at one time, the empty ones with a history included. */
  rooms: 100,
  /** Members of one room; the list of who is here is therefore always complete. */
  membersPerRoom: 200,
  /** Messages that a room remembers for those who come later. */
  historyLength: 50,
  /** Bytes that the histories of all rooms may take together. */
  historyBytes: 4 * 1024 * 1024,
});

/** Largest JSON header of a file frame that the server reads, in bytes. */
export const MAX_FILE_HEADER_BYTES = 2048;

/** Largest WebSocket message that the playground's server accepts: a whole file with its header. */
export const MAX_CHAT_MESSAGE_BYTES = CHAT_LIMITS.fileBytes + 2 + MAX_FILE_HEADER_BYTES;

import { decodeFileFrame } from './file-frame.ts';
import { CHAT_LIMITS, MAX_FILE_HEADER_BYTES } from './limits.ts';
import type { ClientMessage, Refusal, RefusalCode, SharedFile } from './messages.ts';
import { cleanFileName, cleanNickname, cleanRoomName } from './names.ts';

const MESSAGE_ID = /^[A-Za-z0-9_-]{8,40}$/;
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,60}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}$/;
// JSON can smuggle in half a character, which UTF-8 cannot carry.
const LONE_SURROGATE = /\p{Cs}/gu;
const EXAMPLE = '{"type":"join","room":"lobby","name":"Ada"}';

/** A file from a client whose header passed every check. */
export interface ParsedFile {
  readonly type: 'file';
  readonly file: SharedFile;
  readonly body: Uint8Array;
}

/**
 * Read and check a text message from a client.
 *
 * @param text - the message as it came, in JSON
 */
export function parseClientMessage(text: string): ClientMessage | Refusal {
  return checkClientMessage(parseJson(text));
}

/**
 * Check a message from a client. Nothing in it is believed: what is returned has exactly the documented
 * fields, within their limits.
 *
 * @param message - the message as an object, its `type` included
 */
export function checkClientMessage(message: unknown): ClientMessage | Refusal {
  if (!isObject(message)) return refuse('bad-message', `not a JSON object; begin with ${EXAMPLE}`);
  switch (message.type) {
    case 'join':
      return parseJoin(message);
    case 'say':
      return parseSay(message);
    case 'ping':
      return Number.isFinite(message.sent)
        ? { type: 'ping', sent: message.sent as number }
        : refuse('bad-message', 'a ping needs `sent`, a number');
    case 'received':
      return isMessageId(message.id)
        ? { type: 'received', id: message.id }
        : refuse('bad-message', 'a receipt needs `id`, that of the message');
    default:
      return refuse(
        'bad-message',
        `unknown type; known are join, say, received and ping; begin with ${EXAMPLE}`,
      );
  }
}

/**
 * Read and check a binary message from a client: a file frame.
 *
 * @param bytes - the whole message; the returned body is a view of it
 */
export function parseFileMessage(bytes: Uint8Array): ParsedFile | Refusal {
  const frame = decodeFileFrame(bytes, MAX_FILE_HEADER_BYTES);
  if (frame === undefined) {
    return refuse('bad-file', 'not a file frame: two bytes of header length, a JSON header, the bytes');
  }
  return checkFile(frame.header, frame.body);
}

/**
 * Check a file from a client.
 *
 * @param header - what the client says about it
 * @param body - the file's bytes; the same comes back
 */
export function checkFile(header: unknown, body: unknown): ParsedFile | Refusal {
  if (!isObject(header) || !(body instanceof Uint8Array)) {
    return refuse('bad-file', 'a file is an object with `id`, `room`, `name` and `mediaType`, and bytes');
  }
  const { id, room, name, mediaType } = header;
  const cleanRoom = typeof room === 'string' ? cleanRoomName(room) : undefined;
  if (!isMessageId(id)) return refuse('bad-file', 'a file needs `id`: 8 to 40 letters, digits, - or _');
  if (cleanRoom === undefined) return refuseRoom(id);
  if (typeof name !== 'string') return refuse('bad-file', 'a file needs `name`, a text', id);
  if (body.length > CHAT_LIMITS.fileBytes) {
    return refuse(
      'file-too-big',
      `the file has ${body.length} bytes, the limit is ${CHAT_LIMITS.fileBytes}`,
      id,
    );
  }
  const file = { id, room: cleanRoom, name: cleanFileName(name), mediaType: cleanMediaType(mediaType) };
  return { type: 'file', file, body };
}

/** Build a refusal. */
export function refuse(code: RefusalCode, message: string, id?: string): Refusal {
  return id === undefined ? { type: 'error', code, message } : { type: 'error', code, message, id };
}

function parseJoin(message: Readonly<Record<string, unknown>>): ClientMessage | Refusal {
  const { room, name } = message;
  const cleanRoom = typeof room === 'string' ? cleanRoomName(room) : undefined;
  if (cleanRoom === undefined) return refuseRoom();
  const nickname = typeof name === 'string' ? cleanNickname(name) : undefined;
  if (nickname === undefined) {
    return refuse('bad-name', `a nickname has 1 to ${CHAT_LIMITS.nameLength} visible characters`);
  }
  return { type: 'join', room: cleanRoom, name: nickname };
}

function parseSay(message: Readonly<Record<string, unknown>>): ClientMessage | Refusal {
  const { id, room, text } = message;
  if (!isMessageId(id)) return refuse('bad-message', 'a message needs `id`: 8 to 40 letters, digits, - or _');
  const cleanRoom = typeof room === 'string' ? cleanRoomName(room) : undefined;
  if (cleanRoom === undefined) return refuseRoom(id);
  if (typeof text !== 'string' || text.trim() === '') return refuse('bad-text', 'a message needs a text', id);
  if (text.length > CHAT_LIMITS.textLength) {
    return refuse(
      'bad-text',
      `the text has ${text.length} characters, the limit is ${CHAT_LIMITS.textLength}`,
      id,
    );
  }
  return { type: 'say', id, room: cleanRoom, text: text.replace(LONE_SURROGATE, '\ufffd') };
}

function refuseRoom(id?: string): Refusal {
  const limit = CHAT_LIMITS.roomLength;
  return refuse('bad-room', `a room's name has 1 to ${limit} letters, digits, spaces or . - _`, id);
}

function cleanMediaType(value: unknown): string {
  const mediaType = typeof value === 'string' ? value.toLowerCase().split(';', 1)[0]!.trim() : '';
  return MEDIA_TYPE.test(mediaType) ? mediaType : 'application/octet-stream';
}

function isMessageId(value: unknown): value is string {
  return typeof value === 'string' && MESSAGE_ID.test(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

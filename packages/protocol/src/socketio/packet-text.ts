import type { ViolationCode } from './errors.ts';
import { isDeeperThan } from './json-depth.ts';
import {
  BINARY_TYPE_OFFSET,
  carriesArguments,
  hasTooManyArguments,
  isReservedEvent,
  MAIN_NAMESPACE,
  type Packet,
  PacketType,
} from './packet.ts';
import { readTextList } from './plain-list.ts';

const DIGIT_ZERO = 48;
const DIGIT_NINE = 57;
const DASH = 45;
const SLASH = 47;

/** As many digits as any safe integer may have. */
const MAX_ID_DIGITS = 16;
/** More than any limit of attachments. */
const MAX_COUNT_DIGITS = 9;

/**
 * How deep arrays and objects may be in one another. What is deeper is good for nothing but to have whoever walks it, as
 * who sends it on does, run out of stack.
 */
export const MAX_DEPTH = 1000;

/** How text becomes values. */
export type Reviver = (this: unknown, key: string, value: unknown) => unknown;

/** The text of a packet, understood. */
export interface PacketText {
  readonly packet: Packet;
  /** Attachments that follow. */
  readonly attachmentCount: number;
}

/** Returns what `text`, of a packet of any type, says, or the rule that it breaks. */
export function parsePacketText(text: string, reviver: Reviver | undefined): PacketText | ViolationCode {
  const wireType = text.charCodeAt(0) - DIGIT_ZERO;
  if (!(wireType >= PacketType.CONNECT && wireType <= PacketType.BINARY_ACK)) {
    return 'SIO_ERR_UNKNOWN_PACKET_TYPE';
  }
  let at = 1;
  let attachmentCount = 0;
  const isBinary = wireType >= PacketType.BINARY_EVENT;
  if (isBinary) {
    const end = endOfDigits(text, at);
    attachmentCount = Number(text.slice(at, end));
    const isCount = end - at <= MAX_COUNT_DIGITS && text.charCodeAt(end) === DASH;
    if (!isCount || attachmentCount === 0) return 'SIO_ERR_INVALID_ATTACHMENT_COUNT';
    at = end + 1;
  }
  const type = (isBinary ? wireType - BINARY_TYPE_OFFSET : wireType) as PacketType;
  let nsp: string = MAIN_NAMESPACE;
  if (text.charCodeAt(at) === SLASH) {
    const comma = text.indexOf(',', at);
    const end = comma === -1 ? text.length : comma;
    nsp = text.slice(at, end);
    at = end + 1;
  }
  const idEnd = endOfDigits(text, at);
  const id = idEnd > at ? Number(text.slice(at, idEnd)) : undefined;
  if (!isIdValid(type, id, idEnd - at)) return 'SIO_ERR_INVALID_ACK_ID';
  const texts = reviver === undefined ? readTextList(text, idEnd) : null;
  const json = texts === null ? text.slice(idEnd) : '';
  if (isDeeperThan(json, MAX_DEPTH)) return 'SIO_ERR_TOO_DEEP';
  const data = json === '' ? (texts ?? undefined) : parseJson(json, reviver);
  if (data === NOT_JSON) return 'SIO_ERR_INVALID_JSON';
  return judgeData(type, data) ?? { packet: { type, nsp, data, id }, attachmentCount };
}

/** What no JSON and no reviver gives. */
const NOT_JSON = Symbol('not JSON');

function parseJson(text: string, reviver: Reviver | undefined): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch {
    return NOT_JSON;
  }
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  for (
    let code = text.charCodeAt(end);
    code >= DIGIT_ZERO && code <= DIGIT_NINE;
    code = text.charCodeAt(end)
  ) {
    end++;
  }
  return end;
}

/** An ACK answers something, an EVENT may ask for an answer, and nothing else has an id. */
function isIdValid(type: PacketType, id: number | undefined, digits: number): boolean {
  if (id === undefined) return type !== PacketType.ACK;
  return carriesArguments(type) && digits <= MAX_ID_DIGITS && Number.isSafeInteger(id);
}

/** Returns the rule that `data` breaks in a packet of this type, or `null`. */
function judgeData(type: PacketType, data: unknown): ViolationCode | null {
  switch (type) {
    case PacketType.CONNECT:
      return data === undefined || isRecord(data) ? null : 'SIO_ERR_INVALID_PAYLOAD';
    case PacketType.DISCONNECT:
      return data === undefined ? null : 'SIO_ERR_INVALID_PAYLOAD';
    case PacketType.CONNECT_ERROR:
      return typeof data === 'string' || isRecord(data) ? null : 'SIO_ERR_INVALID_PAYLOAD';
    case PacketType.EVENT:
      return judgeEvent(data);
    case PacketType.ACK:
      return judgeArguments(data);
  }
}

function judgeEvent(data: unknown): ViolationCode | null {
  if (!Array.isArray(data)) return 'SIO_ERR_INVALID_PAYLOAD';
  const name: unknown = data[0];
  if (isReservedEvent(name)) return 'SIO_ERR_RESERVED_EVENT';
  return typeof name === 'string' || typeof name === 'number'
    ? judgeArguments(data)
    : 'SIO_ERR_INVALID_PAYLOAD';
}

function judgeArguments(data: unknown): ViolationCode | null {
  if (!Array.isArray(data)) return 'SIO_ERR_INVALID_PAYLOAD';
  return hasTooManyArguments(data) ? 'SIO_ERR_TOO_MANY_ARGUMENTS' : null;
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

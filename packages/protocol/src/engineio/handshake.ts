import type { ViolationCode } from './errors.ts';

/** The data of the `open` packet, by the names that it has on the wire. */
export interface Handshake {
  readonly sid: string;
  /** Transports that the session can be moved to. */
  readonly upgrades: readonly string[];
  /** Milliseconds between two pings. */
  readonly pingInterval: number;
  /** Milliseconds in which an answer has to come. */
  readonly pingTimeout: number;
  /** Bytes that the server takes in one polling request; servers of version 3 do not say. */
  readonly maxPayload?: number | undefined;
}

/**
 * Returns the data of an `open` packet.
 * @param extras - what else it says, under names that are not the handshake's own
 */
export function encodeHandshake(handshake: Handshake, extras?: Readonly<Record<string, unknown>>): string {
  const { sid, upgrades, pingInterval, pingTimeout, maxPayload } = handshake;
  return JSON.stringify({ sid, upgrades, pingInterval, pingTimeout, maxPayload, ...extras });
}

/** Writes the data of `open` packets as {@link encodeHandshake} does, for a server, whose own differ in the id. */
export class HandshakeEncoder {
  #before: Handshake | null = null;
  #extrasBefore: Readonly<Record<string, unknown>> | undefined;
  /** What follows the id. */
  #rest = '';

  /** @param extras - an object that does not change */
  encode(handshake: Handshake, extras?: Readonly<Record<string, unknown>>): string {
    if (extras !== this.#extrasBefore || !this.#differsOnlyInId(handshake)) {
      this.#before = handshake;
      this.#extrasBefore = extras;
      this.#rest = encodeHandshake({ ...handshake, sid: '' }, extras).slice('{"sid":""'.length);
    }
    return `{"sid":${JSON.stringify(handshake.sid)}${this.#rest}`;
  }

  #differsOnlyInId({ upgrades, pingInterval, pingTimeout, maxPayload }: Handshake): boolean {
    const before = this.#before;
    return (
      before !== null &&
      upgrades.length === before.upgrades.length &&
      upgrades.every((name, at) => name === before.upgrades[at]) &&
      pingInterval === before.pingInterval &&
      pingTimeout === before.pingTimeout &&
      maxPayload === before.maxPayload
    );
  }
}

/**
 * Returns what an `open` packet says, what a server adds included, or the rule that it breaks. An amount without a
 * bound is `Infinity`, and so is a `maxPayload` that is not there.
 */
export function decodeHandshake(data: string | Uint8Array): Required<Handshake> | ViolationCode {
  const fields = typeof data === 'string' ? parseFields(data) : {};
  const { sid, upgrades, pingInterval, pingTimeout, maxPayload = null } = fields;
  const amounts = [pingInterval, pingTimeout, maxPayload].map(readAmount);
  const isValid =
    isName(sid) &&
    Array.isArray(upgrades) &&
    upgrades.every(isName) &&
    amounts.every((amount) => amount >= 0);
  return isValid
    ? ({ ...fields, pingInterval: amounts[0], pingTimeout: amounts[1], maxPayload: amounts[2] } as never)
    : 'EIO_ERR_INVALID_HANDSHAKE';
}

function parseFields(text: string): Partial<Record<keyof Handshake, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** A server writes `null` for Infinity, and a string where its own setting is one: what comes of the environment. */
function readAmount(value: unknown): number {
  if (value === null) return Number.POSITIVE_INFINITY;
  return typeof value === 'number' || (typeof value === 'string' && value) ? Number(value) : Number.NaN;
}

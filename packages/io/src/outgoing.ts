import { types } from 'node:util';
import type { Server as Engine, PreparedMessage } from '@hawser/engine';
import { setImmediate } from '@hawser/engine/internal';
import { blobError } from './errors.ts';

/** One message on its way to the engine. */
export type Message = string | Buffer | PreparedMessage;

/** How a message is sent, as the engine takes it. */
export interface SendOptions {
  readonly compress: boolean;
  readonly wsPreEncodedFrame?: object | undefined;
}

/** What adapters pass along with a packet that they have encoded. */
export interface WriteOptions {
  readonly compress?: boolean | undefined;
  readonly volatile?: boolean | undefined;
  readonly preEncoded?: boolean | undefined;
  readonly wsPreEncodedFrame?: object | undefined;
}

/** What becomes of a packet. */
export type Fate = 'sent' | 'waits' | 'dropped';

/** One packet as the engine takes it: a text, and what is attached to it. */
export interface Outgoing {
  readonly messages: readonly Message[];
  readonly options: SendOptions;
  readonly byteLength: number;
}

// Not frozen: engine.io writes into it what is there.
export const COMPRESSIBLE: SendOptions = { compress: true };
export const INCOMPRESSIBLE: SendOptions = { compress: false };

/**
 * Returns what an encoder made as messages of its own: a program's may use one array for all packets, or return a text
 * that is in none, which upstream takes too.
 * @throws IO_ERR_UNSUPPORTED for a Blob
 */
export function toMessages(encoded: readonly (string | Buffer)[]): readonly (string | Buffer)[] {
  if (!Array.isArray(encoded)) return [encoded as unknown as string];
  for (const message of encoded as readonly unknown[]) {
    if (typeof message !== 'string' && message instanceof Blob) throw blobError();
  }
  return [...encoded];
}

/** Returns how many bytes a packet takes while it waits. An encoder may be the program's own, and make anything. */
export function byteLengthOf(messages: readonly (string | { readonly byteLength?: number })[]): number {
  let byteLength = 0;
  for (const message of messages) {
    byteLength += typeof message === 'string' ? Buffer.byteLength(message) : (message.byteLength ?? 0);
  }
  return byteLength;
}

/**
 * Returns a packet that stays as it is, whatever the program does with the bytes that it gave. Nor does it keep the
 * memory alive that they are a part of.
 */
export function copyOf(messages: readonly (string | Buffer)[]): readonly (string | Buffer)[] {
  return messages.length === 1 && typeof messages[0] === 'string' ? messages : messages.map(copyMessage);
}

function copyMessage(message: unknown): string | Buffer {
  if (typeof message === 'string') return message;
  const bytes = types.isAnyArrayBuffer(message) ? new Uint8Array(message) : message;
  // What has no bytes is sent as its text.
  if (!ArrayBuffer.isView(bytes)) return String(bytes);
  // Not of Node's pool, of which each piece keeps all.
  const copy = Buffer.allocUnsafeSlow(bytes.byteLength);
  copy.set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return copy;
}

/** A larger broadcast is forgotten when the turn of the event loop ends; the next would be long in coming, maybe. */
const MAX_KEPT_BYTES = 65_536;

/**
 * Remembers what was encoded last, so that a packet for many is made ready for the wire once.
 *
 * Adapters encode a packet once and hand the same array over for each recipient, one after another: its identity is
 * what tells that it is the same, and that what is in it is, as an encoder may use one array for all packets.
 */
export class LastBroadcast {
  #encoded: readonly unknown[] | null = null;
  #messages: readonly (string | Buffer)[] = [];
  #compress = true;
  #outgoing: Outgoing | null = null;
  #isForgetting = false;

  /** @param engine - a foreign one may make nothing ready: then strings and bytes go out as they are */
  prepare(
    encoded: readonly (string | Buffer)[],
    options: WriteOptions,
    engine: Partial<Engine> | undefined,
  ): Outgoing {
    const compress = options.compress !== false;
    if (compress === this.#compress && this.#isLast(encoded)) return this.#outgoing!;
    const messages = toMessages(encoded);
    const outgoing =
      typeof engine?.prepareMessage === 'function'
        ? prepareWith(engine as Engine, messages, compress)
        : { messages, options: foreignOptions(options), byteLength: byteLengthOf(messages) };
    this.#encoded = encoded;
    this.#messages = messages;
    this.#compress = compress;
    this.#outgoing = outgoing;
    this.#forgetLater();
    return outgoing;
  }

  /** Once for all of a turn, and without a hand on any of them. */
  #forgetLater(): void {
    if (this.#isForgetting || !this.#isLarge()) return;
    this.#isForgetting = true;
    setImmediate(() => {
      this.#isForgetting = false;
      if (!this.#isLarge()) return;
      this.#encoded = null;
      this.#messages = [];
      this.#outgoing = null;
    });
  }

  #isLarge(): boolean {
    return this.#outgoing !== null && this.#outgoing.byteLength > MAX_KEPT_BYTES;
  }

  #isLast(encoded: readonly (string | Buffer)[]): boolean {
    const messages = this.#messages;
    if (encoded !== this.#encoded || encoded.length !== messages.length) return false;
    for (let i = 0; i < messages.length; i++) if (encoded[i] !== messages[i]) return false;
    return true;
  }
}

function prepareWith(engine: Engine, encoded: readonly (string | Buffer)[], compress: boolean): Outgoing {
  const messages = encoded.map((message) => engine.prepareMessage(message));
  return { messages, options: new BroadcastOptions(compress, messages), byteLength: byteLengthOf(encoded) };
}

/** Shows the frame of a broadcast to whoever looks at packets, as upstream does; it is made when it is looked at. */
class BroadcastOptions implements SendOptions {
  readonly compress: boolean;
  readonly #messages: readonly PreparedMessage[];

  constructor(compress: boolean, messages: readonly PreparedMessage[]) {
    this.compress = compress;
    this.#messages = messages;
  }

  get wsPreEncodedFrame(): object | undefined {
    return this.#messages.length === 1 ? this.#messages[0]!.wsPreEncodedFrame : undefined;
  }

  /** Programs that change packets write into it, as they can upstream. */
  set wsPreEncodedFrame(value: object | undefined) {
    Object.defineProperty(this, 'wsPreEncodedFrame', { value, writable: true, enumerable: true });
  }
}

function foreignOptions({ compress, wsPreEncodedFrame }: WriteOptions): SendOptions {
  if (wsPreEncodedFrame === undefined) return compress === false ? INCOMPRESSIBLE : COMPRESSIBLE;
  return { compress: compress !== false, wsPreEncodedFrame };
}

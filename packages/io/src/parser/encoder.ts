import { Encoder as CoreEncoder, type Packet as CorePacket } from '@hawser/protocol/socketio';
import { isBinary } from './binary.ts';
import type { Packet } from './packet.ts';

/** Goes to `JSON.stringify`. */
export type Replacer = (this: unknown, key: string, value: unknown) => unknown;

/**
 * Writes packets, under the name and shape of `socket.io-parser`.
 * @see https://socket.io/docs/v4/custom-parser/
 */
export class Encoder {
  readonly #core: CoreEncoder;

  /** @param replacer - goes to `JSON.stringify`, which then sees placeholders where binary data was */
  constructor(replacer?: Replacer) {
    this.#core = new CoreEncoder({ isBinary, replacer });
  }

  /**
   * Returns the messages of a packet: a text, then its attachments, which are the caller's own values. Nothing of
   * `packet` is changed.
   *
   * @throws SIO_ERR_CIRCULAR_ARGUMENT when an argument contains itself
   * @throws TypeError as `JSON.stringify` does: for a BigInt
   * @throws Error for a namespace with a comma, where the peer would see its end
   */
  encode(packet: Packet): (string | Buffer)[] {
    const { text, attachments } = this.#core.encode(toCore(packet));
    return [text, ...(attachments as Buffer[])];
  }
}

/** The core writes what it is told, so what callers leave out or set to `null` has to be put right. */
function toCore(packet: Packet): CorePacket {
  const { type, nsp, data, id } = packet;
  if (nsp?.includes(',')) throw new Error('invalid namespace: must not contain a comma');
  if (nsp && id !== null) return packet as CorePacket;
  return { type: type as CorePacket['type'], nsp: nsp || '/', data, id: id ?? undefined };
}

import type { ViolationCode } from './errors.ts';
import type { Packet } from './packet.ts';
import { type PacketText, parsePacketText, type Reviver } from './packet-text.ts';
import { fillSlots, findPlaceholders, type Slot } from './placeholder.ts';

/** The limits of all decoders of one endpoint, and how JSON becomes values. */
export interface DecoderOptions {
  /** @defaultValue 10 */
  readonly maxAttachments?: number;
  /** Most UTF-16 units of a packet's text and bytes of its attachments, together. */
  readonly maxPacketLength: number;
  /** Goes to `JSON.parse`, so it sees placeholders where attachments will be. What it throws is the peer's fault. */
  readonly reviver?: Reviver | undefined;
}

/** What a {@link Decoder} calls. */
export interface DecoderHandler {
  /** A packet is complete. Its data is the handler's; attachments in it are what `receiveAttachment` was given. */
  onPacket(packet: Packet): void;
  /** The peer broke the rules. The decoder has stopped for good. */
  onViolation(code: ViolationCode): void;
}

/** An attachment as a transport hands it over: a view, an ArrayBuffer, or a Blob. */
export type Attachment = { readonly byteLength: number } | { readonly size: number };

const DEFAULT_MAX_ATTACHMENTS = 10;

/** A packet whose attachments are on their way. */
interface PendingPacket {
  readonly packet: Packet;
  readonly attachmentCount: number;
  readonly attachments: Attachment[];
  readonly slots: readonly Slot[];
  length: number;
}

/**
 * Reads packets from the messages of one connection.
 *
 * | state      | event                            | next       | calls         |
 * | ---------- | -------------------------------- | ---------- | ------------- |
 * | ready      | text                             | ready      | `onPacket`    |
 * | ready      | text that announces attachments  | collecting |               |
 * | ready      | attachment                       | stopped    | `onViolation` |
 * | collecting | attachment, more are due         | collecting |               |
 * | collecting | last attachment                  | ready      | `onPacket`    |
 * | collecting | text                             | stopped    | `onViolation` |
 * | any        | a rule or a limit broken         | stopped    | `onViolation` |
 * | any        | `stop()`                         | stopped    |               |
 *
 * Both versions of the protocol that are in use, 5 and 4, are read: what they say is told apart by what the data
 * of CONNECT and CONNECT_ERROR is.
 * @see https://socket.io/docs/v4/socket-io-protocol/
 */
export class Decoder {
  readonly #handler: DecoderHandler;
  readonly #options: DecoderOptions;
  #pending: PendingPacket | null = null;
  #isStopped = false;

  constructor(handler: DecoderHandler, options: DecoderOptions) {
    this.#handler = handler;
    this.#options = options;
  }

  /** Takes in a text message. */
  receiveText(text: string): void {
    if (!this.#isStopped) this.#settle(this.#readText(text));
  }

  /** Takes in a binary message. It is kept as it is, and becomes part of the packet's data. */
  receiveAttachment(attachment: Attachment): void {
    if (!this.#isStopped) this.#settle(this.#readAttachment(attachment));
  }

  /** Ignores what follows, and lets go of what was kept. */
  stop(): void {
    this.#isStopped = true;
    this.#pending = null;
  }

  #readText(text: string): ViolationCode | null {
    if (this.#pending !== null) return 'SIO_ERR_EXPECTED_ATTACHMENT';
    if (text.length > this.#options.maxPacketLength) return 'SIO_ERR_PACKET_TOO_LARGE';
    const parsed = parsePacketText(text, this.#options.reviver);
    if (typeof parsed === 'string') return parsed;
    if (parsed.attachmentCount > 0) return this.#beginCollecting(parsed, text.length);
    this.#handler.onPacket(parsed.packet);
    return null;
  }

  #beginCollecting({ packet, attachmentCount }: PacketText, length: number): ViolationCode | null {
    const { maxAttachments = DEFAULT_MAX_ATTACHMENTS, reviver } = this.#options;
    if (attachmentCount > maxAttachments) return 'SIO_ERR_TOO_MANY_ATTACHMENTS';
    const slots = findPlaceholders(packet.data as object, attachmentCount, reviver === undefined);
    if (slots === null) return 'SIO_ERR_INVALID_PLACEHOLDER';
    this.#pending = { packet, attachmentCount, attachments: [], slots, length };
    return null;
  }

  #readAttachment(attachment: Attachment): ViolationCode | null {
    const pending = this.#pending;
    if (pending === null) return 'SIO_ERR_UNEXPECTED_ATTACHMENT';
    pending.length += 'size' in attachment ? attachment.size : attachment.byteLength;
    if (pending.length > this.#options.maxPacketLength) return 'SIO_ERR_PACKET_TOO_LARGE';
    pending.attachments.push(attachment);
    if (pending.attachments.length < pending.attachmentCount) return null;
    this.#pending = null;
    if (!fillSlots(pending.slots, pending.attachments)) return 'SIO_ERR_INVALID_PLACEHOLDER';
    this.#handler.onPacket(pending.packet);
    return null;
  }

  #settle(violation: ViolationCode | null): void {
    if (violation === null) return;
    this.stop();
    this.#handler.onViolation(violation);
  }
}

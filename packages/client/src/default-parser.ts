import {
  type Attachment,
  Decoder as CoreDecoder,
  Encoder as CoreEncoder,
  isBufferOrView,
  type ViolationCode,
} from '@hawser/protocol/socketio';
import { Emitter } from './emitter.ts';
import { isBlob } from './engine/packet.ts';
import type { AnyValue } from './events.ts';
import type { Packet, PacketDecoder, PacketEncoder, Parser } from './parser.ts';

const core = new CoreEncoder({ isBinary: (value) => isBufferOrView(value) || isBlob(value) });

class Encoder implements PacketEncoder {
  encode(packet: Packet): AnyValue[] {
    const { text, attachments } = core.encode(packet);
    return [text, ...attachments];
  }
}

class Decoder
  extends Emitter<Record<never, never>, Record<never, never>, { decoded: (packet: Packet) => void }>
  implements PacketDecoder
{
  readonly #decoder: CoreDecoder;
  #violation: ViolationCode | undefined;

  /** The transports bound what a message can be; a packet is a few of them. */
  constructor() {
    super();
    this.#decoder = new CoreDecoder(
      {
        onPacket: (packet) => this.emitReserved('decoded', packet as Packet),
        onViolation: (code) => {
          this.#violation = code;
        },
      },
      { maxPacketLength: Number.POSITIVE_INFINITY },
    );
  }

  add(data: AnyValue): void {
    if (typeof data === 'string') this.#decoder.receiveText(data);
    else this.#decoder.receiveAttachment(data as Attachment);
    if (this.#violation !== undefined) throw new Error(this.#violation);
  }

  destroy(): void {
    this.#decoder.stop();
  }
}

/** The parser that both ends have without the option. */
export const defaultParser: Parser = { Encoder, Decoder };

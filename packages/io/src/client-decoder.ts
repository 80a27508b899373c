import { Decoder, type DecoderHandler, hasTooManyArguments, type Packet } from '@hawser/protocol/socketio';
import type { AnyServer } from './aliases.ts';
import { IoError } from './errors.ts';

/** What reads the packets of one client. */
export interface ClientDecoder {
  receiveText(text: string): void;
  receiveAttachment(attachment: Uint8Array): void;
  stop(): void;
}

/** What hears of them. */
export interface ClientDecoderHandler extends DecoderHandler {
  /** A parser of the program's own did not understand the peer. */
  onParserError(error: IoError): void;
}

/** A decoder as `socket.io-parser` has it, which programs may bring. */
interface ForeignDecoder {
  on(event: 'decoded', listener: (packet: Packet) => void): unknown;
  add(data: unknown): void;
  destroy?(): void;
}

/** How much the types that announce attachments are above those that do not. */
const BINARY_OFFSET = 3;
const BINARY_EVENT = 5;

/** Returns the decoder for a client: Hawser's own, or that of the parser that the program brought. */
export function createDecoder(server: AnyServer, handler: ClientDecoderHandler): ClientDecoder {
  if (!server.runtime.hasOwnParser) return new Decoder(handler, server.runtime);
  const { Decoder: Foreign } = server._parser as unknown as { Decoder: new () => ForeignDecoder };
  return new WrappedDecoder(new Foreign(), handler);
}

class WrappedDecoder implements ClientDecoder {
  readonly #decoder: ForeignDecoder;
  readonly #handler: ClientDecoderHandler;

  constructor(decoder: ForeignDecoder, handler: ClientDecoderHandler) {
    this.#decoder = decoder;
    this.#handler = handler;
    decoder.on('decoded', (packet) => {
      if (Array.isArray(packet.data) && hasTooManyArguments(packet.data)) {
        handler.onViolation('SIO_ERR_TOO_MANY_ARGUMENTS');
        return;
      }
      const type = packet.type >= BINARY_EVENT ? packet.type - BINARY_OFFSET : packet.type;
      handler.onPacket({ ...packet, type: type as Packet['type'] });
    });
  }

  receiveText(text: string): void {
    this.#add(text);
  }

  receiveAttachment(attachment: Uint8Array): void {
    this.#add(attachment);
  }

  stop(): void {
    this.#decoder.destroy?.();
  }

  #add(data: unknown): void {
    try {
      this.#decoder.add(data);
    } catch (error) {
      const message = error instanceof Error ? error.message : 'packet is not understood';
      this.#handler.onParserError(new IoError('IO_ERR_PARSER', message, error));
    }
  }
}

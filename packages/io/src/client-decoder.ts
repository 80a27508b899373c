import {
  BINARY_TYPE_OFFSET,
  Decoder,
  type DecoderHandler,
  hasTooManyArguments,
  isBufferOrView,
  isReservedEvent,
  MAX_DEPTH,
  type Packet,
  PacketType,
  type ViolationCode,
} from '@hawser/protocol/socketio';
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
      const type = packet.type >= PacketType.BINARY_EVENT ? packet.type - BINARY_TYPE_OFFSET : packet.type;
      const violation = judge(type, packet.data);
      if (violation === null) handler.onPacket({ ...packet, type: type as Packet['type'] });
      else handler.onViolation(violation);
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

/** Returns the rule that a packet breaks whatever it was read by, or `null`. */
function judge(type: number, data: unknown): ViolationCode | null {
  const violation = type === PacketType.EVENT || type === PacketType.ACK ? judgeArguments(type, data) : null;
  if (violation !== null) return violation;
  return typeof data === 'object' && data !== null && isTooDeep(data) ? 'SIO_ERR_TOO_DEEP' : null;
}

function judgeArguments(type: number, data: unknown): ViolationCode | null {
  if (!Array.isArray(data)) return 'SIO_ERR_INVALID_PAYLOAD';
  const name: unknown = data[0];
  if (type === PacketType.EVENT) {
    if (isReservedEvent(name)) return 'SIO_ERR_RESERVED_EVENT';
    // Anything else may turn out as a reserved name, or as none at all.
    if (typeof name !== 'string' && typeof name !== 'number') return 'SIO_ERR_INVALID_PAYLOAD';
  }
  return hasTooManyArguments(data) ? 'SIO_ERR_TOO_MANY_ARGUMENTS' : null;
}

/** Goes level by level: a parser may have made what is in several places, or in itself. */
function isTooDeep(root: object): boolean {
  let level = new Set([root]);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    level = below(level);
    if (level.size === 0) return false;
  }
  return true;
}

function below(level: ReadonlySet<object>): Set<object> {
  const next = new Set<object>();
  for (const container of level) {
    if (isBufferOrView(container)) continue;
    const values: unknown[] = Array.isArray(container) ? container : Object.values(container);
    for (const value of values) if (typeof value === 'object' && value !== null) next.add(value);
  }
  return next;
}

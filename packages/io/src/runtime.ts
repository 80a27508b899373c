import type { Server as Engine } from '@hawser/engine';
import { SessionIds } from '@hawser/engine/internal';
import { Encoder, isBufferOrView, type Packet } from '@hawser/protocol/socketio';
import type { Encoded } from './adapter/index.ts';
import { Backpressure, type BackpressureOptions } from './backpressure.ts';
import { Deadlines } from './deadlines.ts';
import { blobError } from './errors.ts';
import { Inbox } from './inbox.ts';
import { LastBroadcast, toMessages } from './outgoing.ts';

/** What the parts of one server share. */
export class Runtime {
  readonly deadlines = new Deadlines();
  readonly inbox = new Inbox();
  readonly ids = new SessionIds();
  readonly lastBroadcast = new LastBroadcast();
  readonly #encoder = new Encoder({ isBinary: isAttachment });
  readonly hasOwnParser: boolean;
  readonly recovers: boolean;
  readonly maxAttachments = MAX_ATTACHMENTS;
  /** Of a packet with its attachments: they are few, and the engine has a bound for each message. */
  readonly maxPacketLength = Number.POSITIVE_INFINITY;
  /** The engine, once there is one. A foreign one may not be able to do all of it. */
  engine: Partial<Engine> | undefined;
  readonly #backpressure: BackpressureOptions;

  /** @throws IO_ERR_OPTION when one of those for slow clients is not of its kind */
  constructor(options: RuntimeOptions) {
    this.hasOwnParser = options.parser !== undefined;
    this.recovers = Boolean(options.connectionStateRecovery);
    this.#backpressure = options;
    // What is wrong with them is seen now, and not when somebody connects.
    this.createBackpressure();
  }

  /** Whether each socket has a rule for what it sends to a slow client; without one, the engine's is for all. */
  get limitsSockets(): boolean {
    return (this.#backpressure.slowConsumer ?? 'close') !== 'close';
  }

  /** Most bytes that wait for one connection, where no socket has a rule of its own. */
  get maxBufferedBytes(): number | undefined {
    return this.#backpressure.maxBufferedBytes;
  }

  /**
   * Writes what goes to one socket.
   * @param parser - `server.encoder`, which does where the parser is the program's own
   */
  encode(packet: Packet, parser: { encode(packet: never): Encoded }): Encoded {
    if (this.hasOwnParser) return toMessages(parser.encode(packet as never));
    const { text, attachments } = this.#encoder.encode(packet);
    return attachments.length === 0 ? [text] : [text, ...(attachments as readonly Buffer[])];
  }

  createBackpressure(options: BackpressureOptions = {}): Backpressure {
    const { maxBufferedBytes, slowConsumer, latestKey } = this.#backpressure;
    return new Backpressure({ maxBufferedBytes, slowConsumer, latestKey, ...options });
  }
}

/** Options of the server that the runtime goes by. */
export interface RuntimeOptions extends BackpressureOptions {
  readonly parser?: unknown;
  readonly connectionStateRecovery?: unknown;
}

/** As upstream's decoder has it. */
const MAX_ATTACHMENTS = 10;

/** @throws IO_ERR_UNSUPPORTED for a Blob */
function isAttachment(value: object): boolean {
  if (isBufferOrView(value)) return true;
  if (value instanceof Blob) throw blobError();
  return false;
}

import { Endpoint, PreparedMessage, type Role } from '@hawser/protocol/websocket';
import { Broadcast, type Flushable, NodeNatives, type StreamContext, TurnFlusher } from '@hawser/ws/internal';
import { SOCKET_EVENTS, SOCKET_EVENTS_APART } from './socket-events.ts';
import type { WebSocket } from './websocket.ts';

/** So much is collected for one connection within one turn before it is written after all. */
const MAX_UNWRITTEN_BYTES = 262_144;

/** Frames that somebody encoded, up to this size together, go out in one piece. */
const MAX_JOINED_BYTES = 4096;

/** One for all connections of this process: it has one event loop, and leaves it once. */
const flusher = new TurnFlusher();
// `ws` writes within `send`: who sends and exits relies on it.
process.on('exit', () => flusher.flush());

/** What `setSocket` takes, with the defaults of `ws`. */
export interface SocketOptions {
  readonly allowSynchronousEvents?: boolean | undefined;
  readonly autoPong?: boolean | undefined;
  readonly generateMask?: ((mask: Buffer) => void) | undefined;
  readonly maxFragments?: number | undefined;
  readonly maxPayload?: number | undefined;
  readonly skipUTF8Validation?: boolean | undefined;
}

/**
 * What all connections of one server, or one client, share: the protocol's settings, the memory for output, the
 * last message that was sent.
 */
export class SocketSettings implements SocketOptions, Flushable {
  readonly allowSynchronousEvents: boolean;
  readonly maxPayload: number;
  readonly skipUTF8Validation: boolean;
  readonly context: StreamContext<WebSocket>;
  readonly #role: Role;
  #isMarked = false;
  #lastData: string | Uint8Array | null = null;
  #isLastBinary = false;
  #broadcast: Broadcast | null = null;
  /** Of the bytes of the broadcast. */
  #copy: Buffer | null = null;
  #lastFrames: readonly Uint8Array[] | null = null;
  #preparedFrames: PreparedMessage | null = null;

  constructor(options: SocketOptions, role: Role) {
    this.allowSynchronousEvents = options.allowSynchronousEvents ?? true;
    this.maxPayload = (options.maxPayload ?? 0) | 0;
    this.skipUTF8Validation = options.skipUTF8Validation ?? false;
    this.#role = role;
    this.context = {
      endpoint: createEndpoint(options, role),
      // `ws` has no bound: whoever sends looks at `bufferedAmount`.
      maxBufferedBytes: Number.POSITIVE_INFINITY,
      maxUnwrittenBytes: MAX_UNWRITTEN_BYTES,
      slowConsumer: 'drop',
      flusher,
      events: this.allowSynchronousEvents ? SOCKET_EVENTS : SOCKET_EVENTS_APART,
    };
  }

  /**
   * Returns what a message that was just sent to another connection comes to for all, or `null` when this is the
   * first: a loop over all clients then encodes, and compresses, it twice, not once for each.
   */
  recall(data: string | Uint8Array, isBinary: boolean): Broadcast | null {
    if (this.#role === 'client') return null;
    if (data !== this.#lastData || isBinary !== this.#isLastBinary) {
      this.#lastData = data;
      this.#isLastBinary = isBinary;
      this.#broadcast = null;
      this.#forgetSoon();
      return null;
    }
    // Bytes may have been changed since they were sent last: what was encoded is a copy.
    if (this.#copy !== null && typeof data !== 'string' && !this.#copy.equals(data)) this.#broadcast = null;
    if (this.#broadcast === null) {
      this.#copy = typeof data === 'string' ? null : Buffer.from(data);
      this.#broadcast = new Broadcast(this.context.endpoint.slab, this.#copy ?? data, isBinary);
    }
    return this.#broadcast;
  }

  /** Returns frames as one message; the same one as long as it is the same list within one turn. */
  prepareFrames(frames: readonly Uint8Array[]): PreparedMessage {
    if (this.#lastFrames === frames && this.#preparedFrames !== null) return this.#preparedFrames;
    this.#lastFrames = frames;
    this.#preparedFrames = this.#join(frames);
    this.#forgetSoon();
    return this.#preparedFrames;
  }

  /** Forgets what was sent: the turn is over. */
  flush(): void {
    this.#isMarked = false;
    this.#lastData = null;
    this.#broadcast = null;
    this.#copy = null;
    this.#lastFrames = null;
    this.#preparedFrames = null;
  }

  #forgetSoon(): void {
    if (this.#isMarked) return;
    this.#isMarked = true;
    this.context.flusher.mark(this);
  }

  #join(frames: readonly Uint8Array[]): PreparedMessage {
    const prepared = new PreparedMessage();
    let byteLength = 0;
    for (const { length } of frames) byteLength += length;
    if (byteLength > MAX_JOINED_BYTES) {
      for (const frame of frames) prepared.append(frame, 0, frame.length);
      return prepared;
    }
    const { slab } = this.context.endpoint;
    slab.reserve(byteLength);
    const { bytes, used } = slab;
    let end = used;
    for (const frame of frames) {
      bytes.set(frame, end);
      end += frame.length;
    }
    slab.take(end);
    prepared.append(bytes, used, end);
    return prepared;
  }
}

/** Returns an endpoint with the habits of `ws`. */
export function createEndpoint(options: SocketOptions, role: Role): Endpoint {
  const maxPayload = (options.maxPayload ?? 0) | 0;
  const maxFragments = (options.maxFragments ?? 0) | 0;
  return new Endpoint(
    {
      role,
      maxMessageBytes: maxPayload > 0 ? maxPayload : Number.MAX_SAFE_INTEGER,
      // The socket has a timer of its own while it closes.
      closeTimeoutMs: Number.POSITIVE_INFINITY,
      pingIntervalMs: 0,
      pingTimeoutMs: 0,
      habits: {
        answersPings: options.autoPong ?? true,
        validatesText: !options.skipUTF8Validation,
        echoesCloseReason: true,
        explainsFailures: false,
        maxFragments: maxFragments > 0 ? maxFragments : Number.POSITIVE_INFINITY,
        allowsLongLengths: true,
      },
    },
    options.generateMask === undefined ? new NodeNatives() : new MaskingNatives(options.generateMask),
  );
}

/** Has the program make the masks. */
class MaskingNatives extends NodeNatives {
  readonly #generateMask: (mask: Buffer) => void;
  readonly #mask = Buffer.alloc(4);

  constructor(generateMask: (mask: Buffer) => void) {
    super();
    this.#generateMask = generateMask;
  }

  override randomMask(): number {
    this.#generateMask(this.#mask);
    return this.#mask.readInt32LE(0);
  }
}

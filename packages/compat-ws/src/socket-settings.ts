import { Endpoint, PreparedMessage, type Role } from '@hawser/protocol/websocket';
import {
  Broadcast,
  type Flushable,
  MAX_UNWRITTEN_BYTES,
  NodeNatives,
  type StreamContext,
  TurnFlusher,
} from '@hawser/ws/internal';
import { SOCKET_EVENTS, SOCKET_EVENTS_APART } from './socket-events.ts';
import type { WebSocket } from './websocket.ts';

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
  readonly maxBufferedChunks?: number | undefined;
  readonly maxFragments?: number | undefined;
  readonly maxPayload?: number | undefined;
  readonly maxPendingAutoPongs?: number | undefined;
  readonly skipUTF8Validation?: boolean | undefined;
}

/** Their names. */
export const SOCKET_OPTIONS = Object.freeze([
  'allowSynchronousEvents',
  'autoPong',
  'generateMask',
  'maxBufferedChunks',
  'maxFragments',
  'maxPayload',
  'maxPendingAutoPongs',
  'skipUTF8Validation',
] as const satisfies readonly (keyof SocketOptions)[]);

/** What the constructor of a socket takes of a server's options. */
export interface AcceptedOptions {
  readonly autoPong?: boolean | undefined;
  readonly closeTimeout?: number | undefined;
}

/**
 * What all connections of one server, or one client, share: the protocol's settings, the memory for output, the
 * last message that was sent.
 */
export class SocketSettings implements SocketOptions, Flushable {
  readonly allowSynchronousEvents: boolean;
  readonly generateMask: ((mask: Buffer) => void) | undefined;
  readonly maxBufferedChunks: number;
  readonly maxFragments: number;
  readonly maxPayload: number;
  readonly skipUTF8Validation: boolean;
  readonly context: StreamContext<WebSocket>;
  readonly isServer: boolean;
  #isMarked = false;
  #lastData: string | Uint8Array | null = null;
  #isLastBinary = false;
  /** Others sent it too. */
  #isLastShared = false;
  /** Who sent it first. */
  #firstSender: WebSocket | null = null;
  #broadcast: Broadcast | null = null;
  #lastFrames: readonly Uint8Array[] | null = null;
  #preparedFrames: PreparedMessage | null = null;

  constructor(options: SocketOptions, role: Role) {
    this.allowSynchronousEvents = options.allowSynchronousEvents ?? true;
    this.generateMask = options.generateMask;
    this.maxBufferedChunks = options.maxBufferedChunks ?? 0;
    this.maxFragments = options.maxFragments ?? 0;
    this.maxPayload = (options.maxPayload ?? 0) | 0;
    this.skipUTF8Validation = options.skipUTF8Validation ?? false;
    this.isServer = role === 'server';
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
   * Returns what a message comes to for all sockets that send it in this turn, as a loop over all clients does, or `null`
   * where it is not known to be one of these: the last one was not, and nobody else has sent this one yet.
   *
   * Where the loop begins anew, so does this: frames lie one behind the other in memory, to be written as one, only when
   * each is new.
   */
  recall(data: string | Uint8Array, isBinary: boolean, sender: WebSocket): Broadcast | null {
    const isSame = data === this.#lastData && isBinary === this.#isLastBinary;
    if (isSame && sender !== this.#firstSender) {
      const isStale = typeof data !== 'string' && this.#broadcast?.isOf(data) === false;
      if (this.#broadcast === null || isStale) this.#broadcast = this.#createBroadcast(data, isBinary);
      this.#isLastShared = true;
      return this.#broadcast;
    }
    this.#firstSender = sender;
    this.#lastData = data;
    this.#isLastBinary = isBinary;
    this.#broadcast = this.#isLastShared ? this.#createBroadcast(data, isBinary) : null;
    this.#isLastShared = false;
    this.#forgetSoon();
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
    this.#firstSender = null;
    this.#broadcast = null;
    this.#lastFrames = null;
    this.#preparedFrames = null;
  }

  #createBroadcast(data: string | Uint8Array, isBinary: boolean): Broadcast {
    return new Broadcast(this.context.endpoint.slab, data, isBinary);
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
  return new Endpoint(
    {
      role,
      maxMessageBytes: Math.min(limit(options.maxPayload), Number.MAX_SAFE_INTEGER),
      // The socket has a timer of its own while it closes.
      closeTimeoutMs: Number.POSITIVE_INFINITY,
      pingIntervalMs: 0,
      pingTimeoutMs: 0,
      habits: {
        answersPings: options.autoPong ?? true,
        validatesText: !options.skipUTF8Validation,
        echoesCloseReason: true,
        endsWithHandshake: true,
        explainsFailures: false,
        maxBufferedChunks: limit(options.maxBufferedChunks),
        maxFragments: limit(options.maxFragments),
        maxWaitingPongs: limit(options.maxPendingAutoPongs),
        reportsPingFloods: true,
        recordsFragments: true,
        allowsLongLengths: true,
      },
    },
    options.generateMask === undefined ? new NodeNatives() : new MaskingNatives(options.generateMask),
  );
}

/** Returns a limit as `ws` takes it: without one where it is no positive number. */
function limit(value: number | undefined): number {
  const whole = (value ?? 0) | 0;
  return whole > 0 ? whole : Number.POSITIVE_INFINITY;
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

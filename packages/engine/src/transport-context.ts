import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { type Codec, createCodec, type Natives, type Version } from '@hawser/protocol/engineio';
import { TurnFlusher } from '@hawser/ws/internal';
import { type HttpCompression, resolveHttpCompression } from './http-compression.ts';
import { EngineNatives } from './natives.ts';
import type { ResolvedOptions } from './options.ts';

/**
 * Most packets in the body of one request. An honest client that has been offline may send as many in one go; more
 * would let a small body hold up everybody else.
 */
const MAX_PAYLOAD_PACKETS = 65_536;

/**
 * A body may take so many times as long as silence may last. A slow client with much to say needs more than that; one
 * that sends a byte now and then would hold its session and its connection for ever.
 */
const BODY_TIME_FACTOR = 2;

/** What the transports of a server share, while its options stay what they are. */
export interface TransportContext {
  readonly codecs: Readonly<Record<Version, Codec>>;
  readonly natives: Natives;
  readonly flusher: TurnFlusher;
  /** Most bytes of one message, or of one body. */
  readonly maxPayloadBytes: number;
  /** Longest time from the head of a request to the end of its body. */
  readonly maxBodyMs: number;
  /** Time for a peer to take what it was sent last, once it is closed. */
  readonly closeTimeoutMs: number;
  readonly httpCompression: HttpCompression | null;
  /** Lets the server add to the headers of a response for the session `sid`. */
  decorateHeaders(
    headers: OutgoingHttpHeaders,
    request: IncomingMessage,
    response: ServerResponse,
    sid: string,
  ): void;
}

/** Has what transports share follow the server's options: those that began before keep what the handshake promised. */
export class TransportContexts {
  readonly #options: ResolvedOptions;
  readonly #decorateHeaders: TransportContext['decorateHeaders'];
  readonly #natives = new EngineNatives();
  readonly #flusher = new TurnFlusher();
  #httpCompression: ResolvedOptions['httpCompression'];
  #current: TransportContext;

  constructor(options: ResolvedOptions, decorateHeaders: TransportContext['decorateHeaders']) {
    this.#options = options;
    this.#decorateHeaders = decorateHeaders;
    this.#httpCompression = options.httpCompression;
    this.#current = this.#create();
  }

  /** What transports share that begin now. */
  get current(): TransportContext {
    const { maxHttpBufferSize, httpCompression } = this.#options;
    const { maxPayloadBytes, maxBodyMs } = this.#current;
    const isCurrent =
      maxHttpBufferSize === maxPayloadBytes &&
      maxBodyMs === this.#maxBodyMs &&
      httpCompression === this.#httpCompression;
    if (!isCurrent) {
      this.#httpCompression = httpCompression;
      this.#current = this.#create();
    }
    return this.#current;
  }

  get #maxBodyMs(): number {
    return BODY_TIME_FACTOR * (this.#options.pingInterval + this.#options.pingTimeout);
  }

  #create(): TransportContext {
    const { maxHttpBufferSize, httpCompression, closeTimeout } = this.#options;
    const limits = { maxPayloadLength: maxHttpBufferSize, maxPackets: MAX_PAYLOAD_PACKETS };
    return {
      codecs: { 3: createCodec(3, this.#natives, limits), 4: createCodec(4, this.#natives, limits) },
      natives: this.#natives,
      flusher: this.#flusher,
      maxPayloadBytes: maxHttpBufferSize,
      maxBodyMs: this.#maxBodyMs,
      closeTimeoutMs: closeTimeout,
      httpCompression: resolveHttpCompression(httpCompression),
      decorateHeaders: this.#decorateHeaders,
    };
  }
}

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Codec, Natives, Version } from '@hawser/protocol/engineio';
import type { TurnFlusher } from '@hawser/ws/internal';
import type { HttpCompression } from './http-compression.ts';

/** What all transports of a server share. */
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

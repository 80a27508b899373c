import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { EventLog } from '../event-log.ts';
import { LAB_LIMITS } from '../limits.ts';
import { withPayload } from '../payload.ts';
import {
  CROSS_ORIGIN_HEADERS,
  type LabTransport,
  readQuery,
  refuseStream,
  type TransportContext,
} from '../transport.ts';

/** A long poll that waits for an event. */
interface Waiting {
  readonly response: ServerResponse;
  readonly after: number;
  readonly timer: NodeJS.Timeout;
}

interface Stream {
  readonly onAnswered: (lastSeq: number) => void;
  readonly log: EventLog;
  waiting: Waiting | undefined;
}

/** Answer every poll at once with what has happened since the one before. */
export function attachShortPolling(http: Server, context: TransportContext): LabTransport {
  return new Polling(http, context, 0);
}

/** Answer a poll when something has happened, or after a while with nothing. */
export function attachLongPolling(http: Server, context: TransportContext): LabTransport {
  return new Polling(http, context, LAB_LIMITS.longPollMs);
}

class Polling implements LabTransport {
  readonly #streams = new Map<string, Stream>();
  readonly #onSent: TransportContext['onSent'];
  readonly #waitMs: number;

  constructor(http: Server, { streamOf, onSent }: TransportContext, waitMs: number) {
    this.#onSent = onSent;
    this.#waitMs = waitMs;
    http.on('request', (request, response) => {
      const stream = this.#streams.get(streamOf(request) ?? '');
      if (stream === undefined) refuseStream(response);
      else this.#poll(stream, request, response);
    });
  }

  open(stream: string): void {
    const onAnswered = (lastSeq: number) => this.#onSent(stream, lastSeq);
    this.#streams.set(stream, { onAnswered, log: new EventLog(), waiting: undefined });
  }

  deliver(id: string, events: Parameters<LabTransport['deliver']>[1]): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.log.add(events);
    if (stream.waiting !== undefined) answerWaiting(stream, stream.waiting);
  }

  close(id: string): void {
    const stream = this.#streams.get(id);
    if (stream?.waiting !== undefined) answerWaiting(stream, stream.waiting);
    this.#streams.delete(id);
  }

  #poll(stream: Stream, request: IncomingMessage, response: ServerResponse): void {
    const after = readAfter(request);
    // The first poll learns where the stream is; there is nothing that it could have missed.
    if (after === undefined || after < stream.log.lastSeq || this.#waitMs === 0) {
      answer(stream, response, after ?? stream.log.lastSeq);
      return;
    }
    // A page that asks again has given up the poll before.
    if (stream.waiting !== undefined) answerWaiting(stream, stream.waiting);
    const timer = setTimeout(() => answerWaiting(stream, waiting), this.#waitMs);
    const waiting: Waiting = { response, after, timer };
    stream.waiting = waiting;
    response.once('close', () => {
      clearTimeout(timer);
      if (stream.waiting === waiting) stream.waiting = undefined;
    });
  }
}

function answerWaiting(stream: Stream, { response, after, timer }: Waiting): void {
  clearTimeout(timer);
  stream.waiting = undefined;
  answer(stream, response, after);
}

function answer({ onAnswered, log }: Stream, response: ServerResponse, after: number): void {
  const events = log.after(after).map(withPayload);
  const body = Buffer.from(JSON.stringify({ last: log.lastSeq, events }));
  response.writeHead(200, {
    ...CROSS_ORIGIN_HEADERS,
    'Content-Type': 'application/json',
    'Content-Length': body.length,
  });
  response.end(body);
  onAnswered(log.lastSeq);
}

function readAfter(request: IncomingMessage): number | undefined {
  const after = readQuery(request, 'after');
  return after !== undefined && /^\d{1,15}$/.test(after) ? Number(after) : undefined;
}

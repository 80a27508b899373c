import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { StreamTotals } from './messages.ts';

interface Totals {
  requests: number;
  bytesUp: number;
  bytesDown: number;
  lastSeq: number;
}

interface Accounted {
  stream: string | undefined;
  read: number;
  written: number;
}

/**
 * Counts what streams cost on one HTTP server: requests, and every byte that passes its TCP sockets, heads and
 * frames included. A browser may use one connection for several pages in turn, so a connection is settled when a
 * response has ended: what passes next belongs to the stream of the next request.
 */
export class Traffic {
  readonly #streamOf: (request: IncomingMessage) => string | undefined;
  readonly #streams = new Map<string, Totals>();
  readonly #sockets = new Map<Socket, Accounted>();

  /** @param streamOf - which stream a request belongs to */
  constructor(streamOf: (request: IncomingMessage) => string | undefined) {
    this.#streamOf = streamOf;
  }

  /**
   * Count what passes a server. Call it when all who answer requests are there: its listeners have to be the
   * first, and a Socket.IO server takes over those that it finds.
   */
  watch(http: Server): void {
    http.on('connection', (socket: Socket) => this.#watch(socket));
    http.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#begin(request, request.socket);
      response.once('close', () => this.#settle(request.socket));
    });
    // With a listener of ours alone, nobody would answer an upgrade; without any, it is a request like others.
    if (http.listenerCount('upgrade') === 0) return;
    http.prependListener('upgrade', (request: IncomingMessage, socket: Duplex) =>
      this.#begin(request, socket as Socket),
    );
  }

  /** Start to count a stream. */
  open(stream: string): void {
    this.#streams.set(stream, { requests: 0, bytesUp: 0, bytesDown: 0, lastSeq: 0 });
  }

  /** An event of a stream has been written, as all before it. */
  sent(stream: string, seq: number): void {
    const totals = this.#streams.get(stream);
    if (totals !== undefined) totals.lastSeq = seq;
  }

  /** Stop counting a stream, and end its connections. */
  close(stream: string): void {
    for (const [socket, accounted] of this.#sockets) if (accounted.stream === stream) socket.destroy();
    this.#streams.delete(stream);
  }

  /** What all streams have cost so far. */
  totals(): Record<string, StreamTotals> {
    const connections = new Map<string | undefined, number>();
    for (const [socket, { stream }] of this.#sockets) {
      this.#settle(socket);
      connections.set(stream, (connections.get(stream) ?? 0) + 1);
    }
    return Object.fromEntries(
      [...this.#streams].map(([stream, totals]) => [
        stream,
        { ...totals, connections: connections.get(stream) ?? 0 },
      ]),
    );
  }

  #watch(socket: Socket): void {
    this.#sockets.set(socket, { stream: undefined, read: 0, written: 0 });
    socket.once('close', () => {
      this.#settle(socket);
      this.#sockets.delete(socket);
    });
  }

  #begin(request: IncomingMessage, socket: Socket): void {
    const accounted = this.#sockets.get(socket);
    if (accounted === undefined) return;
    accounted.stream = this.#streamOf(request);
    const totals = this.#totalsOf(accounted);
    if (totals !== undefined) totals.requests++;
  }

  #settle(socket: Socket): void {
    const accounted = this.#sockets.get(socket);
    if (accounted === undefined) return;
    const { bytesRead, bytesWritten } = socket;
    const totals = this.#totalsOf(accounted);
    if (totals !== undefined) {
      totals.bytesUp += bytesRead - accounted.read;
      totals.bytesDown += bytesWritten - accounted.written;
    }
    accounted.read = bytesRead;
    accounted.written = bytesWritten;
  }

  #totalsOf({ stream }: Accounted): Totals | undefined {
    return stream === undefined ? undefined : this.#streams.get(stream);
  }
}

import { performance } from 'node:perf_hooks';
import type { Server, Socket } from '../socket-io.ts';
import { LAB_LIMITS } from './limits.ts';
import { Stream } from './stream.ts';
import { TransportFleet } from './transport-fleet.ts';

/** The namespace through which a page steers its stream and hears what it costs. */
const NAMESPACE = '/lab';
const TOTALS_INTERVAL_MS = 500;
// A page that is reloaded finds the processes still running.
const LINGER_MS = 15_000;

/** A running lab. */
export interface Lab {
  /** End its processes. The pages' connections end with the Socket.IO server. */
  close(): Promise<void>;
}

/**
 * Serve the lab: for each page a stream of events, which one process per transport delivers. The processes
 * start with the first page.
 *
 * @param io - the server that the pages connect to
 * @param host - the address that the transports listen on, each on a port of its own
 * @param onError - is told of failures that no one else owns
 */
export function attachLab(io: Server, host: string, onError: (error: Error) => void): Lab {
  const lab = new LabServer(host, onError);
  io.of(NAMESPACE).on('connection', (socket) => void lab.accept(socket));
  return lab;
}

class LabServer implements Lab {
  readonly #host: string;
  readonly #onError: (error: Error) => void;
  readonly #pages = new Map<Socket, Stream>();
  #fleet: TransportFleet | undefined;
  #lingerTimer: NodeJS.Timeout | undefined;

  constructor(host: string, onError: (error: Error) => void) {
    this.#host = host;
    this.#onError = onError;
  }

  async accept(socket: Socket): Promise<void> {
    if (this.#pages.size >= LAB_LIMITS.pages) {
      socket.emit('full', { pages: LAB_LIMITS.pages });
      socket.disconnect();
      return;
    }
    const stream = new Stream({
      onEvents: (events) => this.#fleet?.send({ type: 'events', stream: stream.id, events }),
      onIdle: () => socket.emit('idle', { idleMs: LAB_LIMITS.idleMs, ...describe(stream) }),
    });
    this.#pages.set(socket, stream);
    socket.once('disconnect', () => this.#leave(socket, stream));
    this.#listen(socket, stream);
    const fleet = this.#startFleet();
    // A process that did not start has been told of, and its page has been sent away.
    const ports = await fleet.ports().catch(() => undefined);
    if (ports === undefined || this.#fleet !== fleet || !this.#pages.has(socket)) return;
    fleet.send({ type: 'open', stream: stream.id });
    stream.start();
    const transports = fleet.totalsOf(stream.id);
    socket.emit('ready', { stream: stream.id, ports, limits: LAB_LIMITS, transports, ...describe(stream) });
  }

  async close(): Promise<void> {
    clearTimeout(this.#lingerTimer);
    for (const stream of this.#pages.values()) stream.stop();
    const fleet = this.#fleet;
    this.#fleet = undefined;
    await fleet?.stop();
  }

  #listen(socket: Socket, stream: Stream): void {
    socket.on('clock', (acknowledge: unknown) => {
      if (typeof acknowledge === 'function') acknowledge(performance.timeOrigin + performance.now());
    });
    socket.on('change', (wish: unknown, acknowledge: unknown) => {
      if (typeof wish === 'object' && wish !== null) stream.change({ ...wish });
      if (typeof acknowledge === 'function') acknowledge(describe(stream));
    });
    const timer = setInterval(() => {
      const transports = this.#fleet?.totalsOf(stream.id);
      // Not kept for a page that is away: the next ones say more.
      if (transports !== undefined) socket.volatile.emit('totals', { pages: this.#pages.size, transports });
    }, TOTALS_INTERVAL_MS);
    socket.once('disconnect', () => clearInterval(timer));
  }

  #leave(socket: Socket, stream: Stream): void {
    stream.stop();
    this.#pages.delete(socket);
    this.#fleet?.send({ type: 'close', stream: stream.id });
    if (this.#pages.size > 0 || this.#fleet === undefined) return;
    clearTimeout(this.#lingerTimer);
    this.#lingerTimer = setTimeout(() => void this.close(), LINGER_MS);
  }

  #startFleet(): TransportFleet {
    clearTimeout(this.#lingerTimer);
    this.#fleet ??= new TransportFleet(this.#host, (error) => this.#lose(error));
    return this.#fleet;
  }

  // One of the processes is gone: the pages begin anew, with new processes.
  #lose(error: Error): void {
    if (this.#fleet === undefined) return;
    this.#onError(error);
    // First, so that nothing more is told to these processes.
    void this.close();
    // Not `disconnect`, after which no client comes back by itself.
    for (const socket of this.#pages.keys()) socket.conn.close();
  }
}

function describe({ pace, isRunning }: Stream): object {
  return { ...pace, isRunning };
}

import { CommandError } from '../errors.ts';

/** What the server under load speaks. */
export type BenchProtocol = 'websocket' | 'socket.io';

/** What the clients do: send and wait for the answer, only hold the connection, or only receive. */
export type BenchMode = 'echo' | 'idle' | 'listen';

/** Options of `hawser bench`. */
export interface BenchOptions {
  readonly url: string;
  readonly protocol: BenchProtocol;
  readonly mode: BenchMode;
  readonly connections: number;
  /** Connections that are begun per second; as fast as the server takes them without it. */
  readonly connectsPerSecond?: number;
  /** Messages per second over all connections, on a schedule that does not wait for answers. */
  readonly messagesPerSecond?: number;
  /** Messages that each connection keeps unanswered, where there is no schedule. */
  readonly inFlight: number;
  readonly durationMs: number;
  /** How long a connection may take to open, and a message to be answered. */
  readonly timeoutMs: number;
  /** Bytes of a message. */
  readonly size: number;
  readonly binary: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly subprotocols: readonly string[];
  /** Trust any certificate. */
  readonly insecure: boolean;
  readonly socketIo: SocketIoOptions;
  /** Where the JSON report goes; `-` is stdout. */
  readonly jsonFile?: string;
  readonly quiet: boolean;
}

/** What only Socket.IO has. */
export interface SocketIoOptions {
  readonly path: string;
  readonly namespace?: string;
  readonly event: string;
  /** The server answers by acknowledgement, not by an event. */
  readonly ack: boolean;
}

/** Bounds of the command line. */
export const BENCH_LIMITS = Object.freeze({
  connections: 100_000,
  connectsPerSecond: 100_000,
  messagesPerSecond: 10_000_000,
  inFlight: 10_000,
  durationMs: 24 * 3600 * 1000,
  timeoutMs: 3600 * 1000,
  size: 16 * 1024 * 1024,
});

// On a schedule: everything unanswered may be waiting in this process.
const MAX_UNANSWERED_BYTES = 64 * 1024 * 1024;
const MAX_UNANSWERED = 100_000;
// In a closed loop all of it is asked for by name.
const MAX_IN_FLIGHT_BYTES = 1024 * 1024 * 1024;
const MAX_IN_FLIGHT = 1_000_000;

/** Returns how many messages may be unanswered at a time, over all connections. */
export function maxUnanswered({ size }: BenchOptions): number {
  return Math.max(1, Math.min(MAX_UNANSWERED, Math.floor(MAX_UNANSWERED_BYTES / size)));
}

/**
 * Check what no single option can tell.
 *
 * @throws {USAGE} when more would be in flight than this process should hold
 */
export function checkBenchOptions(options: BenchOptions): void {
  const { mode, connections, inFlight, size, messagesPerSecond } = options;
  if (mode !== 'echo' || messagesPerSecond !== undefined) return;
  const bytes = connections * inFlight * size;
  if (connections * inFlight <= MAX_IN_FLIGHT && bytes <= MAX_IN_FLIGHT_BYTES) return;
  throw new CommandError(
    'USAGE',
    `${connections} connections with ${inFlight} messages of ${size} bytes in flight are too many at a time: ` +
      'at most 1,000,000 messages and 1 GiB; lower --connections, --in-flight or --size',
  );
}

import {
  type FromTransport,
  type StreamTotals,
  type ToTransport,
  TRANSPORT_NAMES,
  type TransportName,
} from './messages.ts';
import { TransportProcess } from './transport-process.ts';

/** What one page sees of one transport. */
export interface TransportTotals extends StreamTotals {
  /** User and system time of the transport's process since it began, for all pages. */
  readonly cpuMs: number;
}

/** The ports of all transports. */
export type Ports = Readonly<Record<TransportName, number>>;

interface Member {
  readonly process: TransportProcess;
  latest: Extract<FromTransport, { readonly type: 'totals' }> | undefined;
}

const NOTHING: StreamTotals = Object.freeze({
  requests: 0,
  bytesUp: 0,
  bytesDown: 0,
  connections: 0,
  lastSeq: 0,
});

/** The processes of all transports, started together and stopped together. */
export class TransportFleet {
  readonly #members = new Map<TransportName, Member>();

  /**
   * @param host - the address that each of them listens on
   * @param onLost - is told when one of them has ended although nobody had asked it to
   */
  constructor(host: string, onLost: (error: Error) => void) {
    for (const name of TRANSPORT_NAMES) {
      const process = new TransportProcess(name, host, {
        onTotals: (totals) => {
          member.latest = totals;
        },
        onLost,
      });
      const member: Member = { process, latest: undefined };
      this.#members.set(name, member);
    }
  }

  /** Wait until all of them listen. */
  async ports(): Promise<Ports> {
    const ports = [...this.#members].map(async ([name, { process }]) => [name, await process.port] as const);
    return Object.fromEntries(await Promise.all(ports)) as Ports;
  }

  /** Tell all of them the same. */
  send(message: ToTransport): void {
    for (const { process } of this.#members.values()) process.send(message);
  }

  /** What a stream has cost on each of them, as they last said. */
  totalsOf(stream: string): Readonly<Record<TransportName, TransportTotals>> {
    const totals = [...this.#members].map(([name, { latest }]) => [
      name,
      { ...(latest?.streams[stream] ?? NOTHING), cpuMs: latest?.cpuMs ?? 0 },
    ]);
    return Object.fromEntries(totals) as Record<TransportName, TransportTotals>;
  }

  /** End all of them. */
  async stop(): Promise<void> {
    await Promise.all([...this.#members.values()].map(({ process }) => process.stop()));
  }
}

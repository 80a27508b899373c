import type { Eventually } from './adapter.ts';
import { ClusterAdapter } from './cluster-adapter.ts';
import {
  type ClusterMessage,
  type ClusterMessageBody,
  MessageType,
  type Offset,
  type ServerId,
} from './cluster-message.ts';
import type { AwaitedServers } from './cluster-requests.ts';
import type { AdapterNamespace } from './contract.ts';

/** Options of a {@link ClusterAdapterWithHeartbeat}. */
export interface ClusterAdapterOptions {
  /** Time between two heartbeats, in milliseconds. @defaultValue 5 000 */
  heartbeatInterval?: number | undefined;
  /** Silence after which a server is taken for gone, in milliseconds. @defaultValue 10 000 */
  heartbeatTimeout?: number | undefined;
}

const DEFAULT_INTERVAL_MS = 5000;
const DEFAULT_TIMEOUT_MS = 10_000;

/** What sends messages without being a server. */
const EMITTER_UID = 'emitter';

/** So many of those that have closed are remembered. */
const MAX_CLOSED = 1000;

/** Time between two looks at who is silent, in milliseconds. */
const SWEEP_MS = 1000;

/**
 * A {@link ClusterAdapter} whose servers know each other, by what they send, and by heartbeats where they send
 * nothing. Its timers keep no process alive, and end with {@link close}.
 */
export abstract class ClusterAdapterWithHeartbeat extends ClusterAdapter {
  readonly #heartbeatIntervalMs: number;
  readonly #heartbeatTimeoutMs: number;
  /** When servers were heard last. */
  readonly #servers = new Map<ServerId, number>();
  /** Servers that have closed: what their programs still send are last words, and no sign of life. */
  readonly #closed = new Set<ServerId>();
  #heartbeat: NodeJS.Timeout | null = null;
  /** Runs while other servers are known. */
  #sweep: NodeJS.Timeout | null = null;
  #isClosed = false;

  protected constructor(nsp: AdapterNamespace, options: ClusterAdapterOptions = {}) {
    super(nsp);
    this.#heartbeatIntervalMs = options.heartbeatInterval ?? DEFAULT_INTERVAL_MS;
    this.#heartbeatTimeoutMs = options.heartbeatTimeout ?? DEFAULT_TIMEOUT_MS;
  }

  /** Tells the others that this server is there; they answer. */
  override init(): Eventually {
    this.publish({ type: MessageType.INITIAL_HEARTBEAT });
  }

  override close(): Eventually {
    if (this.#isClosed) return;
    this.publish({ type: MessageType.ADAPTER_CLOSE });
    this.#isClosed = true;
    if (this.#heartbeat !== null) clearTimeout(this.#heartbeat);
    if (this.#sweep !== null) clearInterval(this.#sweep);
    this.#servers.clear();
    return super.close();
  }

  override onMessage(message: ClusterMessage, offset?: Offset): void {
    const { uid, nsp, type } = message;
    // A channel that namespaces share brings what is not for this one, servers' ids included.
    if (uid === this.uid || nsp !== this.nsp.name) return;
    if (type === MessageType.ADAPTER_CLOSE) {
      this.#takeLeave(uid);
      return;
    }
    if (type === MessageType.INITIAL_HEARTBEAT || type === MessageType.HEARTBEAT) this.#closed.delete(uid);
    if (uid && uid !== EMITTER_UID && !this.#closed.has(uid)) this.#heard(uid);
    if (type === MessageType.INITIAL_HEARTBEAT) this.#answerGreeting();
    else if (type !== MessageType.HEARTBEAT) super.onMessage(message, offset);
  }

  override serverCount(): Promise<number> {
    return Promise.resolve(1 + this.#servers.size);
  }

  protected override async awaitedServers(): Promise<AwaitedServers> {
    return { uids: new Set(this.#servers.keys()) };
  }

  /** Sends a message, which stands for a heartbeat. */
  protected override publish(message: ClusterMessageBody): void {
    this.#scheduleHeartbeat();
    super.publish(message);
  }

  #takeLeave(uid: ServerId): void {
    this.#remove(uid);
    this.#closed.add(uid);
    const [first] = this.#closed;
    if (this.#closed.size > MAX_CLOSED) this.#closed.delete(first!);
  }

  /** Who has closed is not there any more, whoever comes. */
  #answerGreeting(): void {
    if (!this.#isClosed) this.publish({ type: MessageType.HEARTBEAT });
  }

  #scheduleHeartbeat(): void {
    if (this.#isClosed) return;
    if (this.#heartbeat !== null) {
      this.#heartbeat.refresh();
      return;
    }
    this.#heartbeat = setTimeout(
      () => this.publish({ type: MessageType.HEARTBEAT }),
      this.#heartbeatIntervalMs,
    ).unref();
  }

  #heard(uid: ServerId): void {
    if (this.#isClosed) return;
    this.#servers.set(uid, performance.now());
    this.#sweep ??= setInterval(() => this.#removeSilent(), SWEEP_MS).unref();
  }

  #removeSilent(): void {
    const threshold = performance.now() - this.#heartbeatTimeoutMs;
    for (const [uid, heardMs] of this.#servers) if (heardMs < threshold) this.#remove(uid);
  }

  #remove(uid: ServerId): void {
    this.#servers.delete(uid);
    if (this.#servers.size === 0 && this.#sweep !== null) {
      clearInterval(this.#sweep);
      this.#sweep = null;
    }
    this.forgetServer(uid);
  }
}

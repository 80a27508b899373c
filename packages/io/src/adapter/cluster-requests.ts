import { ClusterError, type ClusterErrorCode } from './cluster-error.ts';
import type { ServerId } from './cluster-message.ts';

/** Who has to answer a request: how many, or, where servers know each other, who. */
export type AwaitedServers = { readonly count: number } | { readonly uids: ReadonlySet<ServerId> };

/** Called once, with an error where not all have answered, and what came. */
export type Settle = (error: ClusterError | null, responses: unknown[]) => void;

/** Returns how many have to answer. */
export function countAwaited(awaited: AwaitedServers): number {
  return 'uids' in awaited ? awaited.uids.size : awaited.count;
}

/** A request that waits for the answers of other servers. */
class PendingRequest {
  readonly responses: unknown[];
  readonly settle: Settle;
  /** Who has not answered; empty where servers do not know each other. */
  readonly missing: Set<ServerId>;
  readonly #expected: number;
  readonly #knowsServers: boolean;
  #answered = 0;
  readonly timer: NodeJS.Timeout;

  constructor(awaited: AwaitedServers, responses: unknown[], settle: Settle, timer: NodeJS.Timeout) {
    this.#knowsServers = 'uids' in awaited;
    this.missing = new Set('uids' in awaited ? awaited.uids : []);
    this.#expected = countAwaited(awaited);
    this.responses = responses;
    this.settle = settle;
    this.timer = timer;
  }

  get missingCount(): number {
    return this.#knowsServers ? this.missing.size : this.#expected - this.#answered;
  }

  answer(uid: ServerId, responses: readonly unknown[]): void {
    this.#answered++;
    this.missing.delete(uid);
    for (const response of responses) this.responses.push(response);
  }

  fail(code: ClusterErrorCode, message: string, cause?: unknown): void {
    const { responses, missing, missingCount } = this;
    this.settle(
      new ClusterError(code, message, { responses, missing: [...missing], missingCount, cause }),
      responses,
    );
  }

  describeTimeout(): string {
    if (this.#knowsServers) return `timeout reached: missing ${this.missing.size} responses`;
    return `timeout reached: only ${this.#answered} responses received out of ${this.#expected}`;
  }
}

/** The requests of one adapter that wait for answers. Each has a deadline. */
export class ClusterRequests {
  readonly #pending = new Map<string, PendingRequest>();

  /**
   * Begins to wait.
   * @param responses - what there is already; answers are added to it
   */
  begin(id: string, awaited: AwaitedServers, timeoutMs: number, responses: unknown[], settle: Settle): void {
    const timer = setTimeout(() => {
      const request = this.#take(id);
      request?.fail('IO_ERR_SERVERS_MISSING', request.describeTimeout());
    }, timeoutMs);
    this.#pending.set(id, new PendingRequest(awaited, responses, settle, timer));
  }

  /** Takes in the answer of a server; late ones and those to nothing are passed over. */
  answer(id: string, uid: ServerId, responses: readonly unknown[]): void {
    const request = this.#pending.get(id);
    if (request === undefined) return;
    request.answer(uid, responses);
    this.#check(id, request);
  }

  /** A server is gone: nobody waits for it any more. */
  forgetServer(uid: ServerId): void {
    for (const [id, request] of this.#pending) if (request.missing.delete(uid)) this.#check(id, request);
  }

  /** A request could not be sent. */
  fail(id: string, cause: unknown): void {
    this.#take(id)?.fail('IO_ERR_PUBLISH', 'the request could not be published', cause);
  }

  /** Ends all, with what there is. */
  close(): void {
    for (const id of [...this.#pending.keys()]) {
      this.#take(id)?.fail('IO_ERR_ADAPTER_CLOSED', 'the adapter was closed');
    }
  }

  #check(id: string, request: PendingRequest): void {
    if (request.missingCount > 0) return;
    this.#take(id);
    request.settle(null, request.responses);
  }

  #take(id: string): PendingRequest | undefined {
    const request = this.#pending.get(id);
    if (request === undefined) return undefined;
    clearTimeout(request.timer);
    this.#pending.delete(id);
    return request;
  }
}

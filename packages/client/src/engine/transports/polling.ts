import { nextTick } from '#platform';
import { type Packet, readData } from '../packet.ts';
import { startTimer, type Timer } from '../timers.ts';
import { Transport } from '../transport.ts';

/** Time for the request that says goodbye. */
const CLOSE_TIMEOUT_MS = 10_000;

/** One request under way. */
export interface Exchange {
  abort(): void;
}

/** What a request reports, of which the first of the last two is the end. */
export interface ExchangeHandler {
  onProgress(receivedBytes: number): void;
  onSuccess(body: string): void;
  /** @param description - the status, or what kept an answer from coming */
  onFailure(description: unknown, context?: unknown): void;
}

/** HTTP long-polling; how a request is made is a subclass's. */
export abstract class Polling extends Transport {
  /** The messages of errors of polls and of posts. */
  protected readonly failures: readonly [string, string] = ['xhr poll error', 'xhr post error'];
  readonly #exchanges = new Set<Exchange>();
  #isPolling = false;
  #onPause: (() => void) | undefined;
  #closeTimer: Timer;

  get name(): string {
    return 'polling';
  }

  override pause(onPause: () => void): void {
    this.readyState = 'pausing';
    this.#onPause = onPause;
    this.#settlePause();
  }

  override resume(): void {
    if (this.readyState !== 'pausing' && this.readyState !== 'paused') return;
    this.readyState = 'open';
    this.#onPause = undefined;
    if (!this.#isPolling) this.#poll();
  }

  /** Takes in the answer to a poll. */
  protected override async onData(data: string): Promise<void> {
    const { packets, violation } = this.codec.decodePayload(data);
    for (const packet of packets) {
      if (this.readyState === 'closed') return;
      // The first packet opens the session.
      if (this.readyState === 'opening' && packet.type === 'open') this.onOpen();
      if (packet.type === 'close') {
        this.onClose({ description: 'closed by the server' });
        return;
      }
      this.onPacket(this.handOut(packet));
      // As between messages of a WebSocket: who awaited an answer listens to what comes right behind it. In Node all
      // reactions run before a tick that one asks for, in browsers some of them; no event comes in between.
      await undefined;
      await new Promise<void>(nextTick);
    }
    if (violation !== null) this.onError('server error', violation);
  }

  protected override onClose(details?: { description: string }): void {
    super.onClose(details);
    if (this.#closeTimer === undefined) this.#abort();
  }

  protected doOpen(): void {
    this.#poll();
  }

  protected doClose(): void {
    // A second request while one is under way would be an offence; before the session there is nothing to end.
    if (!this.writable || this.readyState === 'opening') return;
    this.#closeTimer = startTimer(this, () => this.#abort(), CLOSE_TIMEOUT_MS, this.opts.autoUnref);
    this.write([{ type: 'close' }]);
  }

  protected write(packets: Packet[]): void {
    this.writable = false;
    readData(
      this,
      packets,
      (readable) => {
        // It ended while a blob was read: what it was given may go out elsewhere.
        if (this.readyState === 'closed') return;
        this.doWrite(this.codec.encodePayload(readable), () => {
          if (this.readyState === 'closed') {
            this.#abort();
            return;
          }
          this.writable = true;
          this.emitReserved('drain');
          this.#settlePause();
        });
      },
      (error) => this.onError(this.failures[1], error),
    );
  }

  /** Returns the URL of the next request. */
  protected uri(): string {
    const query: Record<string, string | number> = this.stampedQuery(this.opts.timestampRequests !== false);
    if (!this.supportsBinary && !query.sid) query.b64 = 1;
    return this.createUri(this.opts.secure ? 'https' : 'http', query);
  }

  protected doPoll(): void {
    const end = () => {
      this.#isPolling = false;
      this.emitReserved('pollComplete');
      if (this.readyState === 'open') this.#poll();
      else this.#settlePause();
    };
    this.#exchange(undefined, 0, async (body) => {
      // Who hears what comes with the last one finds the session where it moves to, as with upstream.
      const isLast = this.readyState === 'pausing';
      if (isLast) end();
      await this.onData(body);
      if (!isLast && this.readyState !== 'closed') end();
    });
  }

  protected doWrite(data: string, callback: () => void): void {
    this.#exchange(data, 1, callback);
  }

  /** Makes a request: a GET without a body, a POST with one. It never calls back within the call. */
  protected abstract exchange(uri: string, body: string | undefined, handler: ExchangeHandler): Exchange;

  #poll(): void {
    this.#isPolling = true;
    this.doPoll();
    this.emitReserved('poll');
  }

  #settlePause(): void {
    if (this.readyState !== 'pausing' || this.#isPolling || !this.writable) return;
    this.readyState = 'paused';
    this.#onPause?.();
  }

  #exchange(body: string | undefined, failure: 0 | 1, onSuccess: (body: string) => void): void {
    try {
      this.#begin(body, failure, onSuccess);
    } catch (error) {
      // A URL or a header that no request can have: not told within the call, where nobody listens yet.
      nextTick(() => {
        if (this.readyState !== 'closed') this.onError(this.failures[failure], error);
      });
    }
  }

  #begin(body: string | undefined, failure: 0 | 1, onSuccess: (body: string) => void): void {
    const end = () => this.#exchanges.delete(exchange);
    const exchange: Exchange = this.exchange(this.uri(), body, {
      onProgress: (receivedBytes) => {
        if (receivedBytes <= this.maxPayload) {
          // That the server answers what it is sent says nothing of what it sends.
          if (failure === 0) this.emitReserved('progress');
          return;
        }
        end();
        exchange.abort();
        this.onError(this.failures[failure], `message of more than ${this.maxPayload} bytes`);
      },
      onSuccess: (text) => {
        end();
        onSuccess(text);
      },
      onFailure: (description, context) => {
        end();
        if (this.readyState === 'closed') this.#abort();
        else this.onError(this.failures[failure], description, context);
      },
    });
    this.#exchanges.add(exchange);
  }

  #abort(): void {
    this.clearTimeoutFn(this.#closeTimer);
    for (const exchange of this.#exchanges) exchange.abort();
    this.#exchanges.clear();
  }
}

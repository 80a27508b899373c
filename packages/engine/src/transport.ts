import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Packet, Version, ViolationCode } from '@hawser/protocol/engineio';
import { throwLater } from '@hawser/ws/internal';
import type { EngineError } from './errors.ts';
import { LazyEmitter } from './lazy-emitter.ts';
import type { OutgoingPacket } from './packet.ts';

/** A request that the engine took in hand. */
export type EngineRequest = IncomingMessage & {
  /** The query of its URL. */
  _query: Record<string, string>;
  res?: ServerResponse | null;
};

/** What a transport reports, to the session or to the upgrade that has it in hand. */
export interface TransportHandler {
  onPacket(packet: Packet): void;
  /** It takes packets again. */
  onReady(): void;
  /** The peer ended it. */
  onTransportClose(description: CloseDescription | undefined): void;
  /**
   * It broke, or the peer broke its rules.
   * @param notice - what to tell the peer, if it can still be told
   */
  onTransportError(error: EngineError, notice: CloseNotice | null): void;
  /** What the peer sent is no packet. */
  onViolation(code: ViolationCode): void;
}

/** How a connection ended, where there is more to say than that it did. */
export interface CloseDescription {
  readonly description: string;
  readonly context: { readonly code: number; readonly reason: string };
}

/** What a close tells the peer: polling has no place for the code. */
export interface CloseNotice {
  /** For a WebSocket's close frame. */
  readonly code: number;
  /** At most 123 bytes, as a close frame has room for. */
  readonly reason: string;
}

type TransportState = 'open' | 'closing' | 'closed';

/**
 * What carries the packets of a session. A session never asks which one it has.
 *
 * The contract:
 * - `send` takes every packet, in order, while the state is `open`; `writable` tells whether it should be given any;
 * - what one turn of the event loop sends leaves together;
 * - `close` ends it for good, and calls back when everything that it was given has been sent or cannot be;
 * - each report goes to `handler`, none after it was set to `null`;
 * - what a listener throws at one packet does not keep those behind it from being delivered;
 * - after `onTransportClose` or `onTransportError` come no packets.
 */
export abstract class Transport extends LazyEmitter {
  /** The transports that a session can be moved to from this one. */
  static readonly upgradesTo: readonly string[] = [];

  /** The id of its session. */
  sid = '';
  /** Whether packets can be sent. */
  writable = false;
  /** The session has moved on, or goes without waiting for the peer. */
  discarded = false;
  readonly protocol: Version;
  readonly supportsBinary: boolean;
  /** @internal */
  handler: TransportHandler | null = null;
  protected wasHeard = true;
  #state: TransportState = 'open';

  constructor(protocol: Version, supportsBinary: boolean) {
    super();
    this.protocol = protocol;
    this.supportsBinary = supportsBinary;
  }

  abstract get name(): string;

  get readyState(): TransportState {
    return this.#state;
  }

  /** Bytes that were sent and wait in memory. */
  abstract get bufferedBytes(): number;

  /** Bytes that it takes at a time, or a little more. */
  get roomBytes(): number {
    return Number.POSITIVE_INFINITY;
  }

  abstract send(packet: OutgoingPacket): void;

  /** Tells whether anything was heard of the peer since the last call. */
  takeHeard(): boolean {
    const { wasHeard } = this;
    this.wasHeard = false;
    return wasHeard;
  }

  /** Asks for a sign of life that does not need the client's program, where there is one. */
  probe(): void {}

  /** Takes an HTTP request of this session in hand. */
  onRequest(_request: EngineRequest, response: ServerResponse): void {
    response.writeHead(400).end();
  }

  /**
   * @internal For layers above. Has what `send` sends leave at once, in a write that ends with it, where the transport
   * makes writes: for peers that would miss the second of two messages in one. What polling collects stays together.
   */
  writeAtOnce(send: () => void): void {
    send();
  }

  /** Has a peer that waits for packets stop waiting, if there are none. */
  release(): void {}

  discard(): void {
    this.discarded = true;
  }

  /** Ends it. `done` is not called where that was begun before. */
  close(done: () => void = ignore, notice: CloseNotice | null = null): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.doClose(done, notice);
  }

  protected abstract doClose(done: () => void, notice: CloseNotice | null): void;

  /** The peer says that it is done. */
  protected onPeerClose(): void {
    this.end(undefined);
  }

  protected deliver(packet: Packet): void {
    if (packet.type === 'close') {
      this.onPeerClose();
      return;
    }
    try {
      if (this.isHeard) this.emit('packet', packet);
      this.handler?.onPacket(packet);
    } catch (error) {
      throwLater(error);
    }
  }

  protected becomeReady(): void {
    this.writable = true;
    if (this.isHeard) this.emit('ready');
    this.handler?.onReady();
  }

  /** Reports that there is nothing more to come. */
  protected end(description: CloseDescription | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.writable = false;
    this.emit('close');
    this.handler?.onTransportClose(description);
  }

  protected fail(error: EngineError, notice: CloseNotice | null = null): void {
    if (this.listenerCount('error') > 0) this.emit('error', error);
    this.handler?.onTransportError(error, notice);
  }
}

/** Returns the version of the protocol that a request asks for: 3 was never named. */
export function versionOf(request: EngineRequest): Version {
  return request._query.EIO === '4' ? 4 : 3;
}

function ignore(): void {}

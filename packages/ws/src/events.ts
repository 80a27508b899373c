import type { WebSocketError } from './errors.ts';
import { defineInterface, toText, wrapToUint16 } from './web-idl.ts';

interface CloseEventInit {
  readonly bubbles?: boolean;
  readonly cancelable?: boolean;
  readonly composed?: boolean;
  readonly wasClean?: boolean;
  readonly code?: number;
  readonly reason?: string;
}

/**
 * Says how a connection ended. Node 20 has no such class of its own.
 * @see https://websockets.spec.whatwg.org/#the-closeevent-interface
 */
export class CloseEvent extends Event {
  readonly #wasClean: boolean;
  readonly #code: number;
  readonly #reason: string;

  constructor(type: string, init: CloseEventInit = {}) {
    // biome-ignore lint/complexity/noArguments: `Event` would not see that it is missing.
    if (arguments.length === 0) throw new TypeError('an event needs a type: new CloseEvent(type)');
    super(type, init);
    this.#wasClean = Boolean(init?.wasClean);
    this.#code = wrapToUint16(init?.code ?? 0);
    this.#reason = toText(init?.reason ?? '');
  }

  get wasClean(): boolean {
    return this.#wasClean;
  }

  get code(): number {
    return this.#code;
  }

  get reason(): string {
    return this.#reason;
  }
}
defineInterface(CloseEvent);

/** An `error` event that, unlike a browser's, says what went wrong. */
export class ErrorEvent extends Event {
  readonly #error: WebSocketError;

  constructor(type: string, error: WebSocketError) {
    super(type);
    this.#error = error;
  }

  get message(): string {
    return this.#error.message;
  }

  get error(): WebSocketError {
    return this.#error;
  }
}
defineInterface(ErrorEvent);

/** The events of a {@link WebSocket}; `drain`, `ping` and `pong` are beyond the standard. */
export interface WebSocketEventMap {
  open: Event;
  message: MessageEvent;
  error: ErrorEvent;
  close: CloseEvent;
  drain: Event;
  ping: MessageEvent;
  pong: MessageEvent;
}

type Listener<E extends Event> = ((event: E) => void) | { handleEvent(event: E): void };

/** An `EventTarget` that knows the events of a {@link WebSocket}. */
export interface WebSocketEventTarget extends EventTarget {
  addEventListener<Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: Listener<WebSocketEventMap[Type]> | null,
    options?: Parameters<EventTarget['addEventListener']>[2],
  ): void;
  removeEventListener<Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: Listener<WebSocketEventMap[Type]> | null,
    options?: Parameters<EventTarget['removeEventListener']>[2],
  ): void;
}

/** `EventTarget` itself, as the standard has it: only the types differ. */
export const WebSocketEventTarget = EventTarget as unknown as new () => WebSocketEventTarget;

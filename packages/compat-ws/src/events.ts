import type { WebSocket } from './websocket.ts';

/** Sets the target of an event; not the caller's to do. */
export const TARGET: unique symbol = Symbol('target');

/** An event as `addEventListener` reports it. */
export class Event {
  readonly #type: string;
  [TARGET]: WebSocket | null = null;

  constructor(type: string) {
    this.#type = type;
  }

  get target(): WebSocket | null {
    return this[TARGET];
  }

  get type(): string {
    return this.#type;
  }
}

/** Says how a connection ended. */
export class CloseEvent extends Event {
  readonly #code: number;
  readonly #reason: string;
  readonly #wasClean: boolean;

  constructor(type: string, options: { code?: number; reason?: string; wasClean?: boolean } = {}) {
    super(type);
    this.#code = options.code ?? 0;
    this.#reason = options.reason ?? '';
    this.#wasClean = options.wasClean ?? false;
  }

  get code(): number {
    return this.#code;
  }

  get reason(): string {
    return this.#reason;
  }

  get wasClean(): boolean {
    return this.#wasClean;
  }
}

/** Says what failed. */
export class ErrorEvent extends Event {
  readonly #error: unknown;
  readonly #message: string;

  constructor(type: string, options: { error?: unknown; message?: string } = {}) {
    super(type);
    this.#error = options.error ?? null;
    this.#message = options.message ?? '';
  }

  get error(): unknown {
    return this.#error;
  }

  get message(): string {
    return this.#message;
  }
}

/** Carries a message: text as a string. */
export class MessageEvent extends Event {
  readonly #data: unknown;

  constructor(type: string, options: { data?: unknown } = {}) {
    super(type);
    this.#data = options.data ?? null;
  }

  get data(): unknown {
    return this.#data;
  }
}

const ATTRIBUTES: readonly (readonly [{ readonly prototype: object }, readonly string[]])[] = [
  [Event, ['target', 'type']],
  [CloseEvent, ['code', 'reason', 'wasClean']],
  [ErrorEvent, ['error', 'message']],
  [MessageEvent, ['data']],
];
for (const [{ prototype }, names] of ATTRIBUTES) {
  for (const name of names) Object.defineProperty(prototype, name, { enumerable: true });
}

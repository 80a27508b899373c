import type { EventEmitter } from 'node:events';
import { CloseEvent, ErrorEvent, Event, MessageEvent, TARGET } from './events.ts';
import type { WebSocket } from './websocket.ts';

/** On an emitter's listener: the handler that it calls. */
export const HANDLER: unique symbol = Symbol('handler');

/** On an emitter's listener: set through an `on…` attribute. */
const IS_ATTRIBUTE: unique symbol = Symbol('isAttribute');

type EventHandler = ((event: never) => void) | { handleEvent(event: never): void };

/** What the emitter is given for a handler. */
interface EventListener {
  (...args: never[]): void;
  [HANDLER]?: EventHandler;
  [IS_ATTRIBUTE]?: boolean;
}

/** How each event of the emitter becomes one of the event target; there are no others. */
const EVENTS: Readonly<Record<string, (target: WebSocket, ...args: never[]) => Event>> = {
  open: () => new Event('open'),
  message: (_target, data: unknown, isBinary: boolean) =>
    new MessageEvent('message', { data: isBinary ? data : String(data) }),
  error: (_target, error: Error) => new ErrorEvent('error', { error, message: error.message }),
  close: (target, code: number, reason: Buffer) =>
    new CloseEvent('close', {
      code,
      reason: reason.toString(),
      wasClean: target._closeFrameReceived && target._closeFrameSent,
    }),
};

/** Calls `handler` with an event object whenever `target` emits `type`; a handler is only registered once. */
export function addHandler(
  target: WebSocket,
  type: string,
  handler: EventHandler,
  { once = false }: { once?: boolean | undefined } = {},
): void {
  const isKnown = listenersOf(target, type).some(
    (listener) => listener[HANDLER] === handler && !listener[IS_ATTRIBUTE],
  );
  if (!isKnown) listen(target, type, handler, once, false);
}

/** Undoes {@link addHandler}. */
export function removeHandler(target: WebSocket, type: string, handler: EventHandler): void {
  const known = listenersOf(target, type).find(
    (listener) => listener[HANDLER] === handler && !listener[IS_ATTRIBUTE],
  );
  if (known !== undefined) target.removeListener(type, known as never);
}

/** Gives `prototype` the attributes `onopen`, `onmessage`, `onerror` and `onclose`; anything but a function unsets one. */
export function defineHandlerAttributes(prototype: WebSocket): void {
  for (const type of Object.keys(EVENTS)) {
    Object.defineProperty(prototype, `on${type}`, {
      configurable: true,
      enumerable: true,
      get(this: WebSocket) {
        return findAttribute(this, type)?.[HANDLER] ?? null;
      },
      set(this: WebSocket, handler: unknown) {
        const known = findAttribute(this, type);
        if (known !== undefined) this.removeListener(type, known as never);
        if (typeof handler === 'function') listen(this, type, handler as EventHandler, false, true);
      },
    });
  }
}

function findAttribute(target: WebSocket, type: string): EventListener | undefined {
  return listenersOf(target, type).find((listener) => listener[IS_ATTRIBUTE]);
}

function listen(
  target: WebSocket,
  type: string,
  handler: EventHandler,
  isOnce: boolean,
  isAttribute: boolean,
): void {
  const toEvent = EVENTS[type];
  if (toEvent === undefined) return;
  const listener: EventListener = (...args) => {
    const event = toEvent(target, ...args);
    event[TARGET] = target;
    if (typeof handler === 'object' && handler.handleEvent) handler.handleEvent(event as never);
    else (handler as (event: Event) => void).call(target, event);
  };
  listener[HANDLER] = handler;
  listener[IS_ATTRIBUTE] = isAttribute;
  if (isOnce) target.once(type, listener as never);
  else target.on(type, listener as never);
}

function listenersOf(target: EventEmitter, type: string): EventListener[] {
  return target.listeners(type) as EventListener[];
}

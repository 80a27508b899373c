import type { WebSocketEventMap } from './events.ts';

type Handler<E extends Event> = ((event: E) => void) | null;
type Listener<E extends Event> = ((event: E) => void) | { handleEvent(event: E): void };

interface Attribute {
  handler: (event: never) => void;
  readonly listener: (event: Event) => void;
}

/**
 * An event target with the `on…` attributes of WHATWG HTML, "event handlers": setting one again replaces the
 * handler and keeps its place among the listeners.
 */
export class EventAttributes extends EventTarget {
  readonly #attributes = new Map<string, Attribute>();

  get onopen(): Handler<Event> {
    return this.#get('open');
  }
  set onopen(handler: Handler<Event>) {
    this.#set('open', handler);
  }

  get onmessage(): Handler<MessageEvent> {
    return this.#get('message');
  }
  set onmessage(handler: Handler<MessageEvent>) {
    this.#set('message', handler);
  }

  get onerror(): Handler<WebSocketEventMap['error']> {
    return this.#get('error');
  }
  set onerror(handler: Handler<WebSocketEventMap['error']>) {
    this.#set('error', handler);
  }

  get onclose(): Handler<WebSocketEventMap['close']> {
    return this.#get('close');
  }
  set onclose(handler: Handler<WebSocketEventMap['close']>) {
    this.#set('close', handler);
  }

  override addEventListener<Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: Listener<WebSocketEventMap[Type]> | null,
    options?: Parameters<EventTarget['addEventListener']>[2],
  ): void {
    super.addEventListener(type, listener as Listener<Event>, options);
  }

  override removeEventListener<Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: Listener<WebSocketEventMap[Type]> | null,
    options?: Parameters<EventTarget['removeEventListener']>[2],
  ): void {
    super.removeEventListener(type, listener as Listener<Event>, options);
  }

  #get<E extends Event>(type: string): Handler<E> {
    return (this.#attributes.get(type)?.handler as Handler<E> | undefined) ?? null;
  }

  #set<E extends Event>(type: string, handler: Handler<E>): void {
    const known = this.#attributes.get(type);
    if (typeof handler !== 'function') {
      if (known === undefined) return;
      super.removeEventListener(type, known.listener);
      this.#attributes.delete(type);
    } else if (known !== undefined) {
      known.handler = handler;
    } else {
      const attribute: Attribute = {
        handler,
        listener: (event) => attribute.handler.call(this, event as never),
      };
      this.#attributes.set(type, attribute);
      super.addEventListener(type, attribute.listener);
    }
  }
}

/** What an `on…` attribute holds. */
export type Handler<E extends Event> = ((event: E) => void) | null;

interface Attribute {
  /** A function, or an object that is kept and never called. */
  handler: object;
  readonly listener: (event: Event) => void;
}

/**
 * The `on…` attributes of an event target, as WHATWG HTML has them under "event handlers": setting one again
 * replaces the handler and keeps its place among the listeners.
 */
export class EventAttributes {
  readonly #target: EventTarget;
  readonly #attributes = new Map<string, Attribute>();

  constructor(target: EventTarget) {
    this.#target = target;
  }

  get<E extends Event>(type: string): Handler<E> {
    return (this.#attributes.get(type)?.handler as Handler<E> | undefined) ?? null;
  }

  set(type: string, handler: unknown): void {
    const known = this.#attributes.get(type);
    // Web IDL [LegacyTreatNonObjectAsNull]: any object is kept, what is none is null.
    if ((typeof handler !== 'object' && typeof handler !== 'function') || handler === null) {
      if (known === undefined) return;
      this.#target.removeEventListener(type, known.listener);
      this.#attributes.delete(type);
    } else if (known !== undefined) {
      known.handler = handler;
    } else {
      const attribute: Attribute = {
        handler,
        listener: (event) => {
          if (typeof attribute.handler === 'function') attribute.handler.call(this.#target, event);
        },
      };
      this.#attributes.set(type, attribute);
      this.#target.addEventListener(type, attribute.listener);
    }
  }
}

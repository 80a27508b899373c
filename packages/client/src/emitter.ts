import { guard } from './engine/guard.ts';
import type {
  AnyArguments,
  AnyListener,
  EventNames,
  EventParams,
  EventsMap,
  ReservedOrUserEventNames,
  ReservedOrUserListener,
} from './events.ts';

/** A listener, and for `once` the one that it stands for. */
type Registered = AnyListener & { original?: unknown };

/** Listeners by event: Node's is not in browsers, and its `error` event would throw. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the names that it declares are set below.
export class Emitter<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ReservedEvents extends EventsMap = Record<never, never>,
> {
  /** By name. Keys are strings, as names of events are on the wire; a prototype would have names of its own. */
  #listeners: Record<PropertyKey, Registered[]> = Object.create(null);

  /** Calls `listener` at every `event`. */
  on<Name extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Name,
    listener: ReservedOrUserListener<ReservedEvents, ListenEvents, Name>,
  ): this {
    (this.#listeners[event] ??= []).push(listener);
    return this;
  }

  /** Calls `listener` at the next `event` only. */
  once<Name extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Name,
    listener: ReservedOrUserListener<ReservedEvents, ListenEvents, Name>,
  ): this {
    const once: Registered = (...args) => {
      this.off(event, once as typeof listener);
      (listener as AnyListener).apply(this, args);
    };
    once.original = listener;
    return this.on(event, once as typeof listener);
  }

  /** Removes a listener, or all of an event, or all. */
  off<Name extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event?: Name,
    listener?: ReservedOrUserListener<ReservedEvents, ListenEvents, Name>,
  ): this;
  // An argument that is `undefined` was given nevertheless, and must not remove more than it names.
  off(...given: [event?: never, listener?: unknown]): this {
    const [event, listener] = given;
    const listeners: Registered[] = this.listeners(event!);
    if (given.length === 0) {
      this.#listeners = Object.create(null);
    } else if (given.length === 1) {
      delete this.#listeners[event!];
    } else {
      const index = listeners.findIndex((one) => one === listener || one.original === listener);
      if (index >= 0) listeners.splice(index, 1);
      if (listeners.length === 0) delete this.#listeners[event!];
    }
    return this;
  }

  /** Calls the listeners of `event`. */
  emit<Name extends EventNames<EmitEvents>>(event: Name, ...args: EventParams<EmitEvents, Name>): this {
    return this.emitReserved(event as never, ...(args as never));
  }

  /** Returns the listeners of an event. */
  listeners<Name extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Name,
  ): ReservedOrUserListener<ReservedEvents, ListenEvents, Name>[] {
    return (this.#listeners[event] ?? []) as ReservedOrUserListener<ReservedEvents, ListenEvents, Name>[];
  }

  /** Tells whether an event has listeners. */
  hasListeners<Name extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(event: Name): boolean {
    return event in this.#listeners;
  }

  /** Calls the listeners of an event of the library's own. */
  protected emitReserved<Name extends EventNames<ReservedEvents>>(
    event: Name,
    ...args: EventParams<ReservedEvents, Name>
  ): this {
    for (const listener of [...this.listeners(event)]) {
      listener.apply(this, args as AnyArguments);
    }
    return this;
  }

  /** As {@link emitReserved}, but what a listener throws is uncaught, and keeps no other from being called. */
  protected emitGuarded<Name extends EventNames<ReservedEvents>>(
    event: Name,
    ...args: EventParams<ReservedEvents, Name>
  ): void {
    for (const listener of [...this.listeners(event)]) {
      guard(() => listener.apply(this, args as AnyArguments));
    }
  }
}

/** The other names of `on` and `off`. */
export interface Emitter<
  ListenEvents extends EventsMap,
  // biome-ignore lint/correctness/noUnusedVariables: the class and the interface have the same parameters.
  EmitEvents extends EventsMap,
  ReservedEvents extends EventsMap = Record<never, never>,
> {
  addEventListener<Name extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Name,
    listener: ReservedOrUserListener<ReservedEvents, ListenEvents, Name>,
  ): this;
  removeListener<Name extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event?: Name,
    listener?: ReservedOrUserListener<ReservedEvents, ListenEvents, Name>,
  ): this;
  removeAllListeners<Name extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event?: Name,
    listener?: ReservedOrUserListener<ReservedEvents, ListenEvents, Name>,
  ): this;
  removeEventListener<Name extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event?: Name,
    listener?: ReservedOrUserListener<ReservedEvents, ListenEvents, Name>,
  ): this;
}

// Vue wraps what it is given in a proxy, through which no private field can be read, unless this says otherwise.
const prototype: Emitter<EventsMap, EventsMap> & { __v_skip?: true } = Emitter.prototype;
prototype.__v_skip = true;
prototype.addEventListener = prototype.on;
prototype.removeListener = prototype.removeAllListeners = prototype.removeEventListener = prototype.off;

import { AnyListeners } from './any-listeners.ts';
import { type AnyFunction, type Anything, type EventsMap, StrictEventEmitter } from './typed-events.ts';

/** An emitter with listeners for all events of its peer, and for all events to it. */
export abstract class CatchAllEmitter<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ReservedEvents extends EventsMap,
> extends StrictEventEmitter<ListenEvents, EmitEvents, ReservedEvents> {
  /** @internal */
  protected anyListeners: AnyListeners | null = null;
  /** @internal */
  protected anyOutgoingListeners: AnyListeners | null = null;

  /** Adds a listener for all events of the client, called with the name first. */
  onAny(listener: (...args: Anything[]) => void): this {
    (this.anyListeners ??= new AnyListeners()).append(listener);
    return this;
  }

  /** As {@link onAny}, before the others. */
  prependAny(listener: (...args: Anything[]) => void): this {
    (this.anyListeners ??= new AnyListeners()).prepend(listener);
    return this;
  }

  /** Removes a listener, or all. */
  offAny(listener?: (...args: Anything[]) => void): this {
    this.anyListeners?.remove(listener);
    return this;
  }

  listenersAny(): AnyFunction[] {
    return this.anyListeners?.toArray() ?? [];
  }

  /** Adds a listener for all events to the client, broadcasts included, called with the name first. */
  onAnyOutgoing(listener: (...args: Anything[]) => void): this {
    (this.anyOutgoingListeners ??= new AnyListeners()).append(listener);
    return this;
  }

  /** As {@link onAnyOutgoing}, before the others. */
  prependAnyOutgoing(listener: (...args: Anything[]) => void): this {
    (this.anyOutgoingListeners ??= new AnyListeners()).prepend(listener);
    return this;
  }

  /** Removes a listener, or all. */
  offAnyOutgoing(listener?: (...args: Anything[]) => void): this {
    this.anyOutgoingListeners?.remove(listener);
    return this;
  }

  listenersAnyOutgoing(): AnyFunction[] {
    return this.anyOutgoingListeners?.toArray() ?? [];
  }
}

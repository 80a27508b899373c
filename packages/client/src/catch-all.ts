import { Emitter } from './emitter.ts';
import type { AnyArguments, AnyListener, AnyValue, EventsMap } from './events.ts';

/** Listeners to all events of one direction. */
class CatchAll {
  listeners: AnyListener[] = [];

  remove(listener: AnyListener | undefined): void {
    if (listener === undefined) {
      this.listeners = [];
      return;
    }
    const index = this.listeners.indexOf(listener);
    if (index >= 0) this.listeners.splice(index, 1);
  }

  call(socket: unknown, args: ReadonlyArray<AnyValue>): void {
    for (const listener of [...this.listeners]) listener.apply(socket, args as AnyArguments);
  }
}

/** An emitter that has listeners to all events too, of either direction. */
export class CatchAllEmitter<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ReservedEvents extends EventsMap,
> extends Emitter<ListenEvents, EmitEvents, ReservedEvents> {
  protected readonly incoming: CatchAll = new CatchAll();
  protected readonly outgoing: CatchAll = new CatchAll();

  /** Calls `listener` at every event that comes, its name first. */
  onAny(listener: AnyListener): this {
    this.incoming.listeners.push(listener);
    return this;
  }

  prependAny(listener: AnyListener): this {
    this.incoming.listeners.unshift(listener);
    return this;
  }

  /** Removes one of those listeners, or all. */
  offAny(listener?: AnyListener): this {
    this.incoming.remove(listener);
    return this;
  }

  listenersAny(): AnyListener[] {
    return this.incoming.listeners;
  }

  /** Calls `listener` at every event that is sent, its name first. */
  onAnyOutgoing(listener: AnyListener): this {
    this.outgoing.listeners.push(listener);
    return this;
  }

  prependAnyOutgoing(listener: AnyListener): this {
    this.outgoing.listeners.unshift(listener);
    return this;
  }

  offAnyOutgoing(listener?: AnyListener): this {
    this.outgoing.remove(listener);
    return this;
  }

  listenersAnyOutgoing(): AnyListener[] {
    return this.outgoing.listeners;
  }
}

import { EventEmitter } from 'node:events';

/** An `EventEmitter` for which nothing is made when it is. */
class BareEmitter {}
Object.setPrototypeOf(BareEmitter, EventEmitter);
Object.setPrototypeOf(BareEmitter.prototype, EventEmitter.prototype);

/**
 * An emitter without a list of listeners until it has a listener: an idle session saves 370 bytes by it
 * (`npm run bench -- --only idle --servers engine`). Node's emitter makes the list when it needs one and finds none, as
 * for objects that its constructor never saw.
 */
export class LazyEmitter extends (BareEmitter as typeof EventEmitter) {
  declare private _events: object | undefined;
  declare private _eventsCount: number;

  constructor() {
    super();
    this._events = undefined;
    this._eventsCount = 0;
  }

  /** @internal Somebody may listen. With nobody, what one message of Socket.IO would tell is a twentieth of its cost. */
  protected get isHeard(): boolean {
    return this._events !== undefined;
  }
}

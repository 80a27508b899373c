import { EventEmitter } from 'node:events';

/**
 * An emitter without a list of listeners until it has a listener: an idle session saves 370 bytes by it
 * (`npm run bench -- --only idle --servers engine`). Node's emitter makes the list when it needs one and finds none, as
 * for objects that its constructor never saw.
 */
export class LazyEmitter extends EventEmitter {
  declare private _events: object | undefined;

  constructor() {
    super();
    this._events = undefined;
  }

  /** @internal Somebody may listen. With nobody, what one message of Socket.IO would tell is a twentieth of its cost. */
  protected get isHeard(): boolean {
    return this._events !== undefined;
  }
}

import { EventEmitter } from 'node:events';

/**
 * An emitter without a list of listeners until it has a listener: an idle session saves 370 bytes by it
 * (`npm run bench -- --only idle --servers engine`). Node's emitter makes the list when it needs one and finds none, as
 * for objects that its constructor never saw.
 */
export class LazyEmitter extends EventEmitter {
  constructor() {
    super();
    (this as unknown as { _events: unknown })._events = undefined;
  }
}

import type { Outgoing } from './outgoing.ts';
import type { SendResult } from './stream-context.ts';

/** A connection as the topics know it. */
export interface Subscriber {
  readonly peer: unknown;
  sendOutgoing(message: Outgoing): SendResult;
}

const NO_TOPICS: ReadonlySet<string> = new Set();

/** Who listens to which topic. A topic exists as long as somebody listens. */
export class Topics {
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  readonly #topics = new Map<Subscriber, Set<string>>();

  /** Returns `false` when `subscriber` listens to `topic` already. */
  add(topic: string, subscriber: Subscriber): boolean {
    if (this.of(subscriber).has(topic)) return false;
    entry(this.#subscribers, topic).add(subscriber);
    entry(this.#topics, subscriber).add(topic);
    return true;
  }

  /** Returns `false` when `subscriber` does not listen to `topic`. */
  delete(topic: string, subscriber: Subscriber): boolean {
    if (!this.of(subscriber).has(topic)) return false;
    remove(this.#subscribers, topic, subscriber);
    remove(this.#topics, subscriber, topic);
    return true;
  }

  /** Forgets `subscriber`. */
  leave(subscriber: Subscriber): void {
    for (const topic of this.of(subscriber)) remove(this.#subscribers, topic, subscriber);
    this.#topics.delete(subscriber);
  }

  /** Returns what `subscriber` listens to. */
  of(subscriber: Subscriber): ReadonlySet<string> {
    return this.#topics.get(subscriber) ?? NO_TOPICS;
  }

  /** Tells whether anybody listens. */
  has(topic: string): boolean {
    return this.#subscribers.has(topic);
  }

  /** Sends to everybody but the subscriber whose peer is `except`, and returns how many took it. */
  publish(topic: string, message: Outgoing, except: unknown): number {
    let taken = 0;
    for (const subscriber of this.#subscribers.get(topic) ?? []) {
      if (subscriber.peer === except) continue;
      const result = subscriber.sendOutgoing(message);
      if (result === 'written' || result === 'queued') taken++;
    }
    return taken;
  }
}

function entry<Key, Value>(map: Map<Key, Set<Value>>, key: Key): Set<Value> {
  let values = map.get(key);
  if (values === undefined) {
    values = new Set();
    map.set(key, values);
  }
  return values;
}

function remove<Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = map.get(key);
  if (values?.delete(value) && values.size === 0) map.delete(key);
}

/** That of now: a DOM that is laid over the globals later has events that the target of Node's refuses. */
const { Event } = globalThis;

type Init = NonNullable<ConstructorParameters<typeof MessageEvent>[1]>;

/** Node's own; `null` where it cannot be had. */
let own: typeof MessageEvent | null | undefined;

/**
 * Looks up Node's own class, before a client needs it. From Node 22 on that loads 13 MB, for which a program that is
 * only a server has no use.
 */
export function loadMessageEvent(): void {
  if (own !== undefined) return;
  const { MessageEvent: found } = globalThis;
  own = Object.getPrototypeOf(found) === Event ? found : null;
}

/** Makes a `message` event, after {@link loadMessageEvent}. */
export function createMessageEvent(type: string, init: Init): MessageEvent {
  if (own) return new own(type, init);
  const fields = { data: init.data, origin: init.origin ?? '', lastEventId: '', source: null, ports: [] };
  return Object.assign(new Event(type), fields) as unknown as MessageEvent;
}

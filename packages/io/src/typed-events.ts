/** The types by which programs describe their events. As upstream they only exist while compiling. */
import { EventEmitter } from 'node:events';

/** Any function: what a listener is before its types are known. */
export type AnyFunction = (...args: any[]) => any;

/** What a program says nothing about. */
export type Anything = any;

/** Events by name, each with the signature of its listener. */
export interface EventsMap {
  [event: string]: any;
}

/** The events of a program that does not describe them. */
export interface DefaultEventsMap {
  [event: string]: (...args: any[]) => void;
}

type IsAny<T> = 0 extends 1 & T ? true : false;

/** Parameters of a function, and nothing for what is none. */
type ParametersOf<T> = T extends (...args: infer P) => any ? P : never;

/** The names of the events of a map. */
export type EventNames<Map extends EventsMap> = keyof Map & (string | symbol);

/** The arguments of one event. */
export type EventParams<Map extends EventsMap, Ev extends EventNames<Map>> = Parameters<Map[Ev]>;

/** The last of a list of types. */
export type Last<T extends readonly unknown[]> = T extends readonly [...unknown[], infer L]
  ? L
  : T extends ReadonlyArray<infer Element>
    ? Element
    : never;

/** A list of types but for the last. */
export type AllButLast<T extends any[]> = T extends [...infer Head, any] ? Head : any[];

type LastParameter<Map extends EventsMap, K extends EventNames<Map>> = Last<Parameters<Map[K]>>;

/** Whether nothing is known about an event, or about its last argument. */
type IsUnknown<Map extends EventsMap, K extends EventNames<Map>> = IsAny<LastParameter<Map, K> | Map[K]>;

/** The names of the events that ask for an acknowledgement. */
export type EventNamesWithAck<
  Map extends EventsMap,
  K extends EventNames<Map> = EventNames<Map>,
> = K extends unknown
  ? IsUnknown<Map, K> extends true
    ? K
    : Parameters<Map[K]> extends never[]
      ? never
      : LastParameter<Map, K> extends AnyFunction
        ? K
        : never
  : never;

/** The names of the events that ask for none. */
export type EventNamesWithoutAck<
  Map extends EventsMap,
  K extends EventNames<Map> = EventNames<Map>,
> = K extends unknown
  ? IsUnknown<Map, K> extends true
    ? K
    : Parameters<Map[K]> extends never[]
      ? K
      : LastParameter<Map, K> extends AnyFunction
        ? never
        : K
  : never;

/** A map without the events that ask for an acknowledgement. */
export type RemoveAcknowledgements<E extends EventsMap> = {
  [K in EventNamesWithoutAck<E>]: E[K];
};

/** The names of the events whose acknowledgement begins with an error. */
export type EventNamesWithError<
  Map extends EventsMap,
  K extends EventNamesWithAck<Map> = EventNamesWithAck<Map>,
> = K extends unknown
  ? IsUnknown<Map, K> extends true
    ? K
    : ParametersOf<LastParameter<Map, K>>[0] extends Error
      ? K
      : never
  : never;

/** The names that a listener can be added for. */
export type ReservedOrUserEventNames<ReservedEventsMap extends EventsMap, UserEvents extends EventsMap> =
  | EventNames<ReservedEventsMap>
  | EventNames<UserEvents>;

type OrUntyped<T> = [T] extends [never] ? (...args: any[]) => void | Promise<void> : T;

/** The listener of an event. */
export type ReservedOrUserListener<
  ReservedEvents extends EventsMap,
  UserEvents extends EventsMap,
  Ev extends ReservedOrUserEventNames<ReservedEvents, UserEvents>,
> = OrUntyped<
  Ev extends EventNames<ReservedEvents>
    ? ReservedEvents[Ev]
    : Ev extends EventNames<UserEvents>
      ? UserEvents[Ev]
      : never
>;

/** The first that is no error. */
export type FirstNonErrorTuple<T extends unknown[]> = T[0] extends Error ? T[1] : T[0];

/** The first argument of a function that is no error. */
export type FirstNonErrorArg<T> = T extends (...args: infer Params) => any ? FirstNonErrorTuple<Params> : any;

/** Each of a list of types, many times. */
export type MultiplyArray<T extends unknown[]> = { [K in keyof T]: T[K][] };

/** The first of a list, under the name that it has there. */
type FirstLabelled<T extends any[]> = T extends [any, ...infer Rest]
  ? T extends [...infer First, ...Rest]
    ? First
    : never
  : never;

type PrependTimeoutError<T extends any[]> = {
  [K in keyof T]: T[K] extends (...args: infer Params) => infer Result
    ? Params[0] extends Error
      ? T[K]
      : (err: Error, ...args: Params) => Result
    : T[K];
};

type ExpectMultipleResponses<T extends any[]> = {
  [K in keyof T]: T[K] extends (...args: infer Params) => infer Result
    ? Params extends [Error]
      ? (err: Error) => Result
      : Params extends [Error, ...infer Rest]
        ? (err: Error, ...args: FirstLabelled<MultiplyArray<Rest>>) => Result
        : Params extends []
          ? () => Result
          : (...args: FirstLabelled<MultiplyArray<Params>>) => Result
    : T[K];
};

/** Events whose acknowledgements begin with an error: that of a time that ran out. */
export type DecorateAcknowledgements<E> = {
  [K in keyof E]: E[K] extends (...args: infer Params) => infer Result
    ? (...args: PrependTimeoutError<Params>) => Result
    : E[K];
};

/** Events that many answer, in time or not. */
export type DecorateAcknowledgementsWithTimeoutAndMultipleResponses<E> = {
  [K in keyof E]: E[K] extends (...args: infer Params) => infer Result
    ? (...args: ExpectMultipleResponses<PrependTimeoutError<Params>>) => Result
    : E[K];
};

/** Events that many answer. */
export type DecorateAcknowledgementsWithMultipleResponses<E> = {
  [K in keyof E]: E[K] extends (...args: infer Params) => infer Result
    ? (...args: ExpectMultipleResponses<Params>) => Result
    : E[K];
};

/** What events can be emitted through. */
export interface TypedEventBroadcaster<EmitEvents extends EventsMap> {
  emit<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean;
}

/**
 * An emitter whose events have types: those that its listeners get, those that it emits, and those that are its own.
 */
export abstract class StrictEventEmitter<
    ListenEvents extends EventsMap,
    EmitEvents extends EventsMap,
    // biome-ignore lint/complexity/noBannedTypes: no events of its own
    ReservedEvents extends EventsMap = {},
  >
  extends EventEmitter
  implements TypedEventBroadcaster<EmitEvents>
{
  override on<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    ev: Ev,
    listener: ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>,
  ): this {
    return super.on(ev, listener);
  }

  override once<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    ev: Ev,
    listener: ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>,
  ): this {
    return super.once(ev, listener);
  }

  override emit<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean {
    return super.emit(ev, ...args);
  }

  /** Calls the listeners of an event of its own. */
  protected emitReserved<Ev extends EventNames<ReservedEvents>>(
    ev: Ev,
    ...args: EventParams<ReservedEvents, Ev>
  ): boolean {
    return super.emit(ev, ...args);
  }

  /** Calls the listeners of an event that the peer named. */
  protected emitUntyped(ev: string, ...args: any[]): boolean {
    return super.emit(ev, ...args);
  }

  override listeners<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Ev,
  ): ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>[] {
    return super.listeners(event) as ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>[];
  }
}

/** The type parameters of emitters, as `socket.io-client` has them, so that programs written for it compile. */

/** Listeners by the names of their events. */
export interface EventsMap {
  // biome-ignore lint/suspicious/noExplicitAny: a map of anybody's own events has to fit, whatever their arguments.
  [event: string]: any;
}

/** Any event, with any arguments: what is assumed of a socket without type parameters. */
export interface DefaultEventsMap {
  // biome-ignore lint/suspicious/noExplicitAny: as in upstream's types.
  [event: string]: (...args: any[]) => void;
}

// biome-ignore lint/suspicious/noExplicitAny: a parameter list of anything, and `unknown[]` would not be assignable.
export type AnyArguments = any[];

/** A value of whatever the other end sent. */
// biome-ignore lint/suspicious/noExplicitAny: as in upstream's types; `unknown` would break programs that compile.
export type AnyValue = any;

export type AnyListener = (...args: AnyArguments) => void;

/** The names of the events of a map. */
export type EventNames<Map extends EventsMap> = keyof Map & (string | symbol);

/** The arguments of an event. */
export type EventParams<Map extends EventsMap, Name extends EventNames<Map>> = Parameters<Map[Name]>;

/** The names of the events that a program or the library emits. */
export type ReservedOrUserEventNames<Reserved extends EventsMap, User extends EventsMap> =
  | EventNames<Reserved>
  | EventNames<User>;

/** The listener of an event, of the library's own first. */
export type ReservedOrUserListener<
  Reserved extends EventsMap,
  User extends EventsMap,
  Name extends ReservedOrUserEventNames<Reserved, User>,
> = Untyped<
  Name extends EventNames<Reserved> ? Reserved[Name] : Name extends EventNames<User> ? User[Name] : never
>;

/** What nothing is known of may be listened to with anything. */
type Untyped<Listener> = [Listener] extends [never]
  ? (...args: AnyArguments) => void | Promise<void>
  : Listener;

export type Last<List extends AnyArguments> = List extends [...infer _, infer Item] ? Item : AnyValue;

export type AllButLast<List extends AnyArguments> = List extends [...infer Items, infer _]
  ? Items
  : AnyArguments;

export type FirstArg<Function> = Function extends (arg: infer Argument) => infer _ ? Argument : AnyValue;

/** The same events, their acknowledgements with an error as the first argument: what `timeout` makes of them. */
export type DecorateAcknowledgements<Map> = {
  [Name in keyof Map]: Map[Name] extends (...args: infer Arguments) => infer Result
    ? (...args: WithError<Arguments>) => Result
    : Map[Name];
};

type WithError<List extends AnyArguments> = {
  [Index in keyof List]: List[Index] extends (...args: infer Arguments) => infer Result
    ? (err: Error, ...args: Arguments) => Result
    : List[Index];
};

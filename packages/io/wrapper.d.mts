import type { Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import * as backpressure from './dist/backpressure.js';
import * as errors from './dist/errors.js';
import * as hawser from './dist/index.js';
import * as namespace from './dist/namespace.js';
import * as options from './dist/options.js';
import * as socket from './dist/socket.js';
import * as socketTypes from './dist/socket-types.js';
import * as events from './dist/typed-events.js';

export * from './dist/index.js';

/** Makes a server, as `require` gives it: with the classes as members. */
declare function io(
  srv?: HttpServer | HttpsServer | Http2Server | Http2SecureServer | number | Partial<hawser.ServerOptions>,
  opts?: Partial<hawser.ServerOptions>,
): hawser.Server;

/** All that the index exports; types come from where they are declared, as an alias has none that was exported as a type. */
declare namespace io {
  export import AdapterConstructor = options.AdapterConstructor;
  export import AllButLast = events.AllButLast;
  export import BackpressureOptions = backpressure.BackpressureOptions;
  export import BroadcastOperator = hawser.BroadcastOperator;
  export import ConnectionStateRecoveryOptions = options.ConnectionStateRecoveryOptions;
  export import DecorateAcknowledgements = events.DecorateAcknowledgements;
  export import DecorateAcknowledgementsWithMultipleResponses = events.DecorateAcknowledgementsWithMultipleResponses;
  export import DecorateAcknowledgementsWithTimeoutAndMultipleResponses = events.DecorateAcknowledgementsWithTimeoutAndMultipleResponses;
  export import DefaultEventsMap = events.DefaultEventsMap;
  export import DisconnectReason = socketTypes.DisconnectReason;
  export import Event = socket.Event;
  export import EventNames = events.EventNames;
  export import EventNamesWithAck = events.EventNamesWithAck;
  export import EventNamesWithError = events.EventNamesWithError;
  export import EventNamesWithoutAck = events.EventNamesWithoutAck;
  export import EventParams = events.EventParams;
  export import EventsMap = events.EventsMap;
  export import ExtendedError = namespace.ExtendedError;
  export import FirstNonErrorArg = events.FirstNonErrorArg;
  export import Handshake = socketTypes.Handshake;
  export import IoError = hawser.IoError;
  export import IoErrorCode = errors.IoErrorCode;
  export import Last = events.Last;
  export import Namespace = hawser.Namespace;
  export import RemoteSocket = hawser.RemoteSocket;
  export import RemoveAcknowledgements = events.RemoveAcknowledgements;
  export import Server = hawser.Server;
  export import ServerOptions = options.ServerOptions;
  export import SlowConsumer = backpressure.SlowConsumer;
  export import Socket = hawser.Socket;
  export import TypedEventBroadcaster = events.TypedEventBroadcaster;
  // A class that is exported as a type: an alias of it would be a value too.
  export type StrictEventEmitter<
    ListenEvents extends hawser.EventsMap,
    EmitEvents extends hawser.EventsMap,
    // biome-ignore lint/complexity/noBannedTypes: no events of its own
    ReservedEvents extends hawser.EventsMap = {},
  > = hawser.StrictEventEmitter<ListenEvents, EmitEvents, ReservedEvents>;
}

export default io;

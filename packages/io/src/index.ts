/**
 * A Socket.IO server: namespaces, rooms, acknowledgements, recovery.
 * @module @hawser/io
 */

export type { BackpressureOptions, SlowConsumer } from './backpressure.ts';
export { BroadcastOperator } from './broadcast-operator.ts';
export { IoError, type IoErrorCode } from './errors.ts';
export { type ExtendedError, Namespace } from './namespace.ts';
export type { AdapterConstructor, ConnectionStateRecoveryOptions, ServerOptions } from './options.ts';
export { RemoteSocket } from './remote-socket.ts';
export { Server } from './server.ts';
export { type Event, Socket } from './socket.ts';
export type { DisconnectReason, Handshake } from './socket-types.ts';
export type {
  AllButLast,
  DecorateAcknowledgements,
  DecorateAcknowledgementsWithMultipleResponses,
  DecorateAcknowledgementsWithTimeoutAndMultipleResponses,
  DefaultEventsMap,
  EventNames,
  EventNamesWithAck,
  EventNamesWithError,
  EventNamesWithoutAck,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
  RemoveAcknowledgements,
  StrictEventEmitter,
  TypedEventBroadcaster,
} from './typed-events.ts';

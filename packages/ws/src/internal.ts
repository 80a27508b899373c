/** For the packages of this workspace that build on this one. No API: it may change with any release. */

export { inOwnContext, inThisContext } from './async-context.ts';
export { Broadcast } from './broadcast.ts';
export type { CompressionSettings } from './compression/compression-options.ts';
export { Compressor, type Deflation } from './compression/compressor.ts';
export { DeadlineTimer } from './deadline-timer.ts';
export { nextTick, queueMicrotask, setImmediate } from './event-loop.ts';
export { type Exchange, UpgradeExchange } from './exchange.ts';
export { ConnectExchange } from './http2/connect-exchange.ts';
export { createMessageEvent, loadMessageEvent } from './message-event.ts';
export { acceptFor, NodeNatives } from './natives.ts';
export { EncodedFrames, type FrameOptions, type Outgoing, OutgoingControl } from './outgoing.ts';
export { Roster, type RosterMember } from './roster.ts';
export { pauseStream } from './shared-reads.ts';
export { SlotMap } from './slot-map.ts';
export { StreamConnection } from './stream-connection.ts';
export { MAX_UNWRITTEN_BYTES, type StreamContext, type StreamEvents } from './stream-context.ts';
export { hasLeft, isOwned, ownStream, type StreamOwner } from './stream-owner.ts';
export type { WriteCallback } from './stream-writer.ts';
export { Sweeper } from './sweeper.ts';
export { setLongTimeout } from './timeout.ts';
export { type Flushable, TurnFlusher } from './turn-flusher.ts';
export { attempt, throwLater } from './uncaught.ts';

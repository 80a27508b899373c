/** For the packages of this workspace that build on this one. No API: it may change with any release. */

export { acceptFor, NodeNatives } from './natives.ts';
export { StreamConnection } from './stream-connection.ts';
export type { StreamContext, StreamEvents } from './stream-context.ts';
export { isEncrypted, isOwned, ownStream, remoteAddressOf, type StreamOwner } from './stream-owner.ts';
export { MAX_TIMEOUT_MS, setLongTimeout } from './timeout.ts';
export { type Flushable, TurnFlusher } from './turn-flusher.ts';

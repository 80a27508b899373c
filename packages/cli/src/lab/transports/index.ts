import type { TransportName } from '../messages.ts';
import type { AttachTransport } from '../transport.ts';

/** Every transport of the lab. A process loads its own alone: the others would only delay its start. */
export const TRANSPORTS: Readonly<Record<TransportName, () => Promise<AttachTransport>>> = Object.freeze({
  'short-polling': async () => (await import('./polling.ts')).attachShortPolling,
  'long-polling': async () => (await import('./polling.ts')).attachLongPolling,
  'server-sent-events': async () => (await import('./server-sent-events.ts')).attachServerSentEvents,
  'socket-io': async () => (await import('./socket-io.ts')).attachSocketIo,
  websocket: async () => (await import('./websocket.ts')).attachWebSocket,
});

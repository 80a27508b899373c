import type { TransportName } from '../messages.ts';
import type { AttachTransport } from '../transport.ts';
import { attachLongPolling, attachShortPolling } from './polling.ts';
import { attachServerSentEvents } from './server-sent-events.ts';
import { attachSocketIo } from './socket-io.ts';
import { attachWebSocket } from './websocket.ts';

/** Every transport of the lab. */
export const TRANSPORTS: Readonly<Record<TransportName, AttachTransport>> = Object.freeze({
  'short-polling': attachShortPolling,
  'long-polling': attachLongPolling,
  'server-sent-events': attachServerSentEvents,
  'socket-io': attachSocketIo,
  websocket: attachWebSocket,
});

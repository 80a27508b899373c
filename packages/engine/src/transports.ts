import type { TransportName } from './options.ts';
import { Polling } from './polling.ts';
import type { Transport } from './transport.ts';
import { WebSocketTransport } from './websocket.ts';
import { WebTransportTransport } from './webtransport.ts';

type TransportClass = Pick<typeof Transport, 'upgradesTo'> & { readonly prototype: Transport };

/** The classes of the transports, by the names that a query has for them. */
export const transports: Readonly<Record<TransportName, TransportClass>> = Object.freeze({
  polling: Polling,
  websocket: WebSocketTransport,
  webtransport: WebTransportTransport,
});

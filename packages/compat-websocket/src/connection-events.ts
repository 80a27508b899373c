import type { WebSocketFrame } from './frame.ts';
import type { Message } from './options.ts';

/** Where a connection is between its handshake and its end. */
export type ConnectionState = 'open' | 'peer_requested_close' | 'ending' | 'closed';

export interface WebSocketConnectionEvents {
  message: [message: Message];
  /** With `assembleFragments: false`. */
  frame: [frame: WebSocketFrame];
  /** Calling `cancel` leaves the ping unanswered. */
  ping: [cancel: () => void, data: Buffer];
  pong: [data: Buffer];
  close: [code: number, description: string];
  error: [error: Error];
  drain: [];
  pause: [];
  resume: [];
}

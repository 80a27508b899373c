import { Slab } from '@hawser/protocol/websocket';
import { NodeNatives, TurnFlusher } from '@hawser/ws/internal';

/*
 * What all connections of the process share. A connection can be constructed by anyone, from a socket and a plain
 * configuration, so there is no server or client that could hand these down.
 */

export const natives = new NodeNatives();

/** Where outgoing frames are written. */
export const slab = new Slab(natives);

/** One flush a turn of the event loop. */
export const flusher = new TurnFlusher();

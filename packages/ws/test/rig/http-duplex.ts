import type { Server } from 'node:http';
import { duplexPair } from 'node:stream';
import { RawPeer } from './raw-peer.ts';

/**
 * Gives `http` a connection that is no socket but one of Node's in-memory streams, and returns its other end.
 * @see https://nodejs.org/api/http.html#event-connection
 */
export function connectInMemory(http: Server): RawPeer {
  const [near, far] = duplexPair();
  http.emit('connection', far);
  return new RawPeer(near);
}

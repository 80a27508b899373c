import { closingTarget } from './closing.mjs';
import { connectionTarget } from './connection.mjs';
import { deflateTarget } from './deflate.mjs';
import { handshakeTarget } from './handshake.mjs';
import { receiverTarget } from './receiver.mjs';

/** In the order in which they take turns. */
export const TARGETS = Object.freeze([
  connectionTarget,
  receiverTarget,
  handshakeTarget,
  deflateTarget,
  closingTarget,
]);

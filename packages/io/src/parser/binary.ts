import { isBufferOrView } from '@hawser/protocol/socketio';

/** Tells what is sent as it is, beside a packet's text. */
export function isBinary(value: object): boolean {
  return isBufferOrView(value) || value instanceof Blob;
}

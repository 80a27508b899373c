import { MASKED_CLOSE_FRAME, maskedFrame, unmaskedFrame } from '../frames.mjs';
import { upgrade } from './upgrade.mjs';

const OFFERS = Object.freeze({
  'no-context': 'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  context: 'permessage-deflate',
});

/** Plain WebSocket: a message is a frame. */
export class WebSocketProtocol {
  /** What a publisher writes for one publication. */
  publishRequest = maskedFrame(Buffer.from('publish'), true);

  /** What a client that leaves writes. */
  farewell = MASKED_CLOSE_FRAME;

  #extensions;
  #isText;

  constructor({ compression }, isText) {
    this.#extensions = OFFERS[compression];
    this.#isText = isText;
  }

  async open(connection, { isPublisher, fail }) {
    const path = isPublisher ? '/publisher' : '/';
    const rest = await upgrade(connection, { path, extensions: this.#extensions, fail });
    if (rest.length > 0) fail('the server spoke first');
  }

  /** The bytes that send a message to the server. */
  request(message) {
    return maskedFrame(message, this.#isText);
  }

  /** The bytes in which the server sends that message. */
  reply(message) {
    return unmaskedFrame(message, this.#isText);
  }
}

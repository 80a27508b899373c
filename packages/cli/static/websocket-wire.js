import { describeClose } from './format.js';
import { decodeFileFrame, encodeFileFrame } from './wire.js';

/**
 * The chat over the browser's own WebSocket: a JSON text per message, a binary frame per file.
 *
 * @implements {Wire}
 *
 * @typedef {import('./connection.js').Wire} Wire
 * @typedef {import('./connection.js').Link} Link
 * @typedef {import('./connection.js').LinkHandler} LinkHandler
 */
export class WebSocketWire {
  watchesItself = false;
  #url;

  /** @param {string} url */
  constructor(url) {
    this.#url = url;
  }

  /** @type {Wire['open']} */
  open(handler) {
    return new WebSocketLink(new WebSocket(this.#url), handler);
  }
}

/** @implements {Link} */
class WebSocketLink {
  #socket;

  /**
   * @param {WebSocket} socket
   * @param {LinkHandler} handler
   */
  constructor(socket, handler) {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      handler.onTransport(['websocket']);
      handler.onOpen({ isRecovered: false });
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') {
        handler.onMessage(JSON.parse(data));
      } else {
        const { header, body } = decodeFileFrame(data);
        handler.onMessage(header, body);
      }
    };
    socket.onclose = ({ code, reason }) => handler.onEnd(describeClose(code, reason));
  }

  get queuedBytes() {
    return this.#socket.bufferedAmount;
  }

  /** @type {Link['send']} */
  send(message, bytes) {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(bytes === undefined ? JSON.stringify(message) : encodeFileFrame(message, bytes));
    return true;
  }

  close() {
    this.#socket.close(1000);
  }

  abandon() {
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}

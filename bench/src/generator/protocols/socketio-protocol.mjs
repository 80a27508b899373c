import { MASKED_CLOSE_FRAME, maskedFrame, unmaskedFrame } from '../frames.mjs';
import {
  ATTACHMENT_EVENT,
  CONNECT_PACKET,
  DISCONNECT_PACKET,
  isConnectAnswer,
  PUBLISH_PACKET,
  textEvent,
} from './socketio-packets.mjs';
import { upgrade } from './upgrade.mjs';

const PATH = '/socket.io/?EIO=4&transport=websocket';

/**
 * Socket.IO over Engine.IO over WebSocket: a message is an event with one argument. Pings are not answered: the
 * servers' interval is longer than any load.
 */
export class SocketIoProtocol {
  /** What a publisher writes for one publication. */
  publishRequest = text(PUBLISH_PACKET, maskedFrame);

  /** What a client that leaves writes. */
  farewell = Buffer.concat([text(DISCONNECT_PACKET, maskedFrame), MASKED_CLOSE_FRAME]);

  #hasAttachment;

  constructor({ hasAttachment = false }) {
    this.#hasAttachment = hasAttachment;
  }

  async open(connection, { isPublisher, fail }) {
    const path = isPublisher ? `${PATH}&role=publisher` : PATH;
    const packets = new PacketReader(connection, await upgrade(connection, { path, fail }));
    const opening = await packets.next();
    if (!opening.startsWith('0{')) fail(`the server began with ${opening}`);
    connection.write(text(CONNECT_PACKET, maskedFrame));
    const answer = await packets.next();
    if (!isConnectAnswer(answer)) fail(`the server answered the CONNECT with ${answer}`);
    if (packets.hasMore) fail('the server spoke first');
  }

  /** The bytes that send a message to the server. */
  request(message) {
    return this.#event(message, maskedFrame);
  }

  /** The bytes in which the server sends that message. */
  reply(message) {
    return this.#event(message, unmaskedFrame);
  }

  #event(message, frame) {
    if (!this.#hasAttachment) return text(textEvent(message), frame);
    return Buffer.concat([text(ATTACHMENT_EVENT, frame), frame(message, false)]);
  }
}

function text(packet, frame) {
  return frame(Buffer.from(packet), true);
}

/** Reads the short text frames of an opening. */
class PacketReader {
  #bytes;
  #resolve;

  constructor(connection, bytes) {
    this.#bytes = bytes;
    connection.onBytes = (byteLength, buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, buffer.subarray(0, byteLength)]);
      this.#deliver();
    };
  }

  get hasMore() {
    return this.#bytes.length > 0;
  }

  next() {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#deliver();
    });
  }

  #deliver() {
    const bytes = this.#bytes;
    if (this.#resolve === undefined || bytes.length < 2) return;
    const start = bytes[1] < 126 ? 2 : 4;
    if (bytes.length < start) return;
    const end = start + (start === 2 ? bytes[1] : bytes.readUInt16BE(2));
    if (bytes.length < end) return;
    this.#bytes = bytes.subarray(end);
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve(bytes.toString('utf8', start, end));
  }
}

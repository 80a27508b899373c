import { createHash } from 'node:crypto';
import bufferUtil from 'bufferutil';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Below this a loop is faster than the call into native code. */
const NATIVE_UNMASK_BYTES = 128;
const LONGEST_CLIENT_HEADER_BYTES = 14;
const OPCODE_CLOSE = 8;

/** The head that answers a handshake with this `Sec-WebSocket-Key`. */
export function switchingProtocols(key) {
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  return (
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
  );
}

/**
 * The least that a WebSocket server can do with what comes after the handshake: it trusts its peer, checks nothing,
 * knows of control frames only that a close frame is the last, and never holds a message. It is the floor that the
 * others are compared with, not a server.
 *
 * An echo is built inside the chunk that was received: a reply is its request without the four bytes of the mask,
 * so the place to write is never ahead of the place to read.
 */
export class BareConnection {
  #socket;
  #publish;
  #partialHeader;
  #payloadLeft = 0;
  #mask = Buffer.alloc(4);
  #maskOffset = 0;
  #isClosing = false;

  /** `publish` is told how many messages a chunk completed; without it, messages are echoed. */
  constructor(socket, publish) {
    this.#socket = socket;
    this.#publish = publish;
  }

  receive(chunk) {
    if (this.#publish === undefined) this.#echo(this.#withPartialHeader(chunk));
    else this.#countMessages(this.#withPartialHeader(chunk));
  }

  #echo(chunk) {
    let readAt = 0;
    let writeAt = 0;
    while (readAt < chunk.length) {
      if (this.#payloadLeft === 0) {
        const headerBytes = this.#readHeader(chunk, readAt);
        if (headerBytes === 0) break;
        chunk.copyWithin(writeAt, readAt, readAt + headerBytes - 4);
        chunk[writeAt + 1] &= 0x7f;
        readAt += headerBytes;
        writeAt += headerBytes - 4;
      }
      const end = Math.min(chunk.length, readAt + this.#payloadLeft);
      this.#unmask(chunk, readAt, end, writeAt);
      writeAt += end - readAt;
      readAt = end;
    }
    if (writeAt > 0) this.#socket.write(chunk.subarray(0, writeAt));
    // The echo of a close frame is the answer to it.
    if (this.#isClosing) this.#socket.end();
  }

  #countMessages(chunk) {
    let count = 0;
    let readAt = 0;
    while (readAt < chunk.length) {
      const headerBytes = this.#payloadLeft === 0 ? this.#readHeader(chunk, readAt) : 0;
      if (headerBytes === 0 && this.#payloadLeft === 0) break;
      const payloadBytes = Math.min(this.#payloadLeft, chunk.length - readAt - headerBytes);
      this.#payloadLeft -= payloadBytes;
      readAt += headerBytes + payloadBytes;
      if (this.#payloadLeft === 0) count++;
    }
    if (count > 0) this.#publish(count);
  }

  /** Returns the header's length, or 0 when its end has not arrived: then its beginning is kept. */
  #readHeader(chunk, offset) {
    const available = chunk.length - offset;
    const lengthCode = available >= 2 ? chunk[offset + 1] & 0x7f : 0;
    const headerBytes = lengthCode < 126 ? 6 : lengthCode === 126 ? 8 : LONGEST_CLIENT_HEADER_BYTES;
    if (available < headerBytes) {
      this.#partialHeader = Buffer.from(chunk.subarray(offset));
      return 0;
    }
    if ((chunk[offset] & 0x0f) === OPCODE_CLOSE) this.#isClosing = true;
    if (lengthCode < 126) this.#payloadLeft = lengthCode;
    else if (lengthCode === 126) this.#payloadLeft = chunk.readUInt16BE(offset + 2);
    else this.#payloadLeft = chunk.readUIntBE(offset + 4, 6);
    chunk.copy(this.#mask, 0, offset + headerBytes - 4, offset + headerBytes);
    this.#maskOffset = 0;
    return headerBytes;
  }

  #withPartialHeader(chunk) {
    if (this.#partialHeader === undefined) return chunk;
    const joined = Buffer.concat([this.#partialHeader, chunk]);
    this.#partialHeader = undefined;
    return joined;
  }

  #unmask(chunk, start, end, target) {
    const byteLength = end - start;
    const mask = this.#mask;
    const maskOffset = this.#maskOffset;
    if (byteLength < NATIVE_UNMASK_BYTES) {
      for (let index = 0; index < byteLength; index++) {
        chunk[target + index] = chunk[start + index] ^ mask[(index + maskOffset) & 3];
      }
    } else {
      const rotated = mask.map((_, index) => mask[(index + maskOffset) & 3]);
      bufferUtil.unmask(chunk.subarray(start, end), rotated);
      if (target !== start) chunk.copyWithin(target, start, end);
    }
    this.#maskOffset = (maskOffset + byteLength) & 3;
    this.#payloadLeft -= byteLength;
  }
}

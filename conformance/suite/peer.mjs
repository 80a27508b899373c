import { setImmediate, setTimeout } from 'node:timers/promises';
import { openDeflate } from './deflate/agreement.mjs';
import { compressedFragments, encodeFrame, FrameDecoder, OPCODE, Violation } from './frame.mjs';
import { MaskKeys } from './mask-keys.mjs';
import { MessageReader } from './message-reader.mjs';
import { Signal } from './signal.mjs';

/** How long the subject may leave the TCP connection open once the closing handshake is done. */
const TCP_CLOSE_WAIT_MS = 8000;
/** How long a subject that failed the connection may take to close TCP before we answer its close frame. */
const CLOSE_ANSWER_DELAY_MS = 20;
/** Up to this many octets are paced by the clock, so that they really arrive one by one. */
const MAX_PACED_WRITES = 300;
const LOGGED_BYTES = 160;

/**
 * Our end of one established connection: writes frames, right and wrong ones, and records what the subject answers.
 * It never judges beyond the rules that hold in every case.
 */
export class Peer {
  /** Messages and pongs of the subject, in order. */
  replies = [];
  /** The subject's close frame, `{ code, reason }`. */
  closeFrame;
  /** The first rule that the subject broke, as a sentence. */
  violation;
  /** What became of TCP: `open`, `ended` by FIN, or `reset` (one that arrives together with data looks like a FIN). */
  tcp = 'open';
  /** Whether a write of ours met a connection already gone, which may have cost us the subject's last bytes. */
  hasLostWrites = false;
  /** Mask keys of the subject's frames, in hex. */
  maskKeys = [];
  /** Number of data frames the subject has sent. */
  dataFrameCount = 0;
  /** Number of compressed messages the subject has sent. */
  compressedCount = 0;
  #socket;
  #playsClient;
  #decoder;
  #reader;
  #deflater;
  #keys;
  #signal = new Signal();
  #hasSentClose = false;
  #sent = new ByteLog();
  #received = new ByteLog();

  /**
   * @param socket - connected, handshake done, `allowHalfOpen`
   * @param options.plays - `client` (we mask, the subject is a server) or `server`
   * @param options.rest - bytes that came with the end of the handshake
   * @param options.seed - picks the mask keys
   * @param options.hasEnded - whether the subject's FIN has been seen already
   * @param options.agreement - the parameters of permessage-deflate, where it was agreed on
   */
  constructor(socket, { plays, rest, seed, hasEnded = false, agreement }) {
    this.#socket = socket;
    this.#playsClient = plays === 'client';
    const deflate = agreement && openDeflate(agreement, plays);
    this.#decoder = new FrameDecoder({ expectMask: plays === 'server', allowRsv1: deflate !== undefined });
    this.#reader = new MessageReader(deflate?.inflater);
    this.#deflater = deflate?.deflater;
    this.#keys = new MaskKeys(seed);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#settleTcp('reset'));
    if (rest.length > 0) this.#onData(rest);
    if (hasEnded) this.#onEnd();
  }

  /** Whether nothing more can be expected from the subject. */
  get isOver() {
    return this.closeFrame !== undefined || this.violation !== undefined || this.tcp !== 'open';
  }

  /** The first bytes of either direction in hex, for reports. */
  get log() {
    return { sent: this.#sent.toString(), received: this.#received.toString() };
  }

  /** Encode a frame, masked as our part demands; `maskKey` in the frame overrides (null = unmasked). */
  encode(frame) {
    if (frame.opcode === OPCODE.close) this.#hasSentClose = true;
    if (frame.maskKey !== undefined) return encodeFrame(frame, frame.maskKey ?? undefined);
    return encodeFrame(frame, this.#playsClient ? this.#keys.next() : undefined);
  }

  /** Whether our messages may refer to earlier ones. */
  get takesOver() {
    return this.#deflater?.takesOver === true;
  }

  /**
   * Write frames.
   *
   * @param frames - frames, messages to compress, or Buffers for bytes to be sent as they are
   * @param writing - `whole` (one write), `frames` (a write per frame), `octets`, or a number of octets per write
   */
  async writeFrames(frames, writing = 'whole') {
    const encoded = frames
      .flatMap((frame) => (frame.toCompress === undefined ? [frame] : this.#compress(frame)))
      .map((frame) => (Buffer.isBuffer(frame) ? frame : this.encode(frame)));
    if (writing === 'frames') return this.#writeParts(encoded);
    const whole = encoded.length === 1 ? encoded[0] : Buffer.concat(encoded);
    if (writing === 'whole') return this.#writeParts([whole]);
    return this.#writeParts(cut(whole, writing === 'octets' ? 1 : writing));
  }

  /** Resolve to true as soon as `isDone()` holds, to false after `waitMs`. */
  until(isDone, waitMs) {
    return this.#signal.until(isDone, waitMs);
  }

  /** Bring the connection to its end as the RFC asks of our part, wait for the subject to close TCP, and let go. */
  async finish() {
    if (this.closeFrame && !this.#hasSentClose) {
      await this.until(() => this.tcp !== 'open', CLOSE_ANSWER_DELAY_MS);
      if (this.tcp === 'open') this.#socket.write(this.encode(answerTo(this.closeFrame)));
    }
    // RFC 6455 7.1.1: the server closes TCP first, so only in that part do we.
    if (!this.#playsClient) this.#socket.end();
    await this.until(() => this.tcp !== 'open', TCP_CLOSE_WAIT_MS);
    this.destroy();
  }

  /** Half-close TCP without a word. */
  endTcp() {
    this.#socket.end();
  }

  /** Let go of the connection. */
  destroy() {
    this.#socket.destroy();
  }

  #compress({ opcode, toCompress, fragmentBytes }) {
    return compressedFragments(opcode, this.#deflater.deflate(toCompress), fragmentBytes);
  }

  async #writeParts(parts) {
    const isPaced = parts.length > 1 && parts.length <= MAX_PACED_WRITES;
    for (const part of parts) {
      if (this.isOver) return;
      this.#sent.push(part);
      const isFlushed = this.#socket.write(part);
      if (!isFlushed) await this.#drained();
      if (isPaced) await setTimeout(1);
      else if (parts.length > 1) await setImmediate();
    }
  }

  #drained() {
    return new Promise((resolve) => {
      const done = () => {
        this.#socket.off('drain', done).off('close', done);
        resolve();
      };
      this.#socket.on('drain', done).on('close', done);
    });
  }

  #onData(chunk) {
    this.#received.push(chunk);
    if (this.violation) return;
    try {
      for (const frame of this.#decoder.push(chunk)) this.#onFrame(frame);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.violation = error.message;
    }
    this.#signal.notify();
  }

  #onFrame(frame) {
    if (frame.maskKey) this.maskKeys.push(frame.maskKey.toString('hex'));
    if (frame.opcode < OPCODE.close) this.dataFrameCount += 1;
    if (frame.rsv1) this.compressedCount += 1;
    const event = this.#reader.accept(frame);
    if (event === undefined) return;
    if (event.type === 'close') this.closeFrame = event;
    else if (event.type === 'ping')
      this.#socket.write(this.encode({ opcode: OPCODE.pong, payload: event.data }));
    else this.replies.push(event);
  }

  #onEnd() {
    const isCutOff = !this.#decoder.isAtBoundary || (!this.#reader.isAtBoundary && !this.closeFrame);
    if (isCutOff) this.violation ??= 'TCP ended in the middle of a frame or a message (7.1.1)';
    this.#settleTcp('ended');
  }

  #onError(error) {
    // EPIPE comes only from our own writes; a reset met by a read has error.syscall "read".
    if (error.syscall === 'write') this.hasLostWrites = true;
    this.#settleTcp('reset');
  }

  #settleTcp(state) {
    if (this.tcp === 'open') this.tcp = state;
    this.#signal.notify();
  }
}

/** RFC 6455 5.5.1: the answer typically echoes the status code. */
function answerTo({ code }) {
  const payload = Buffer.alloc(code === 1005 ? 0 : 2);
  if (payload.length > 0) payload.writeUInt16BE(code);
  return { opcode: OPCODE.close, payload };
}

function cut(bytes, size) {
  const parts = [];
  for (let start = 0; start < bytes.length; start += size) parts.push(bytes.subarray(start, start + size));
  return parts;
}

/** Remembers the beginning of a byte stream and how long it was. */
class ByteLog {
  #head = Buffer.alloc(0);
  #length = 0;

  push(bytes) {
    this.#length += bytes.length;
    const room = LOGGED_BYTES - this.#head.length;
    if (room > 0) this.#head = Buffer.concat([this.#head, bytes.subarray(0, room)]);
  }

  toString() {
    const hidden = this.#length - this.#head.length;
    return this.#head.toString('hex') + (hidden > 0 ? `... (${this.#length} octets)` : '');
  }
}

import { randomBytes } from 'node:crypto';
import { Utf8Validator } from '../../utf8.mjs';
import { ReferenceDeflate } from './reference-deflate.mjs';

const CONTROL = 8;
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** A reset that arrives together with data looks like a FIN to the reader. */
const RESET_DELAY_MS = 10;

/**
 * A strict echo endpoint, small and slow, which the suite must pass, and which can be given one flaw at a time, which
 * the suite must find. It shares no code with the suite's own framing.
 */
export class ReferenceEndpoint {
  #isServer;
  #flaws;
  #socket;
  #maskKey = randomBytes(4);
  #head = [];
  #frame;
  #message;
  #isDone = false;
  #maxMessageBytes;
  #deflate;

  /**
   * @param socket - connected, handshake done
   * @param options.role - `server` or `client`
   * @param options.flaws - names of the rules to break
   * @param options.maxMessageBytes - default 64 MiB
   * @param options.deflateParams - of permessage-deflate, where it was agreed on
   */
  constructor(socket, { role, flaws = [], maxMessageBytes = MAX_MESSAGE_BYTES, deflateParams }) {
    this.#socket = socket.setNoDelay(true);
    this.#isServer = role === 'server';
    this.#flaws = new Set(flaws);
    this.#maxMessageBytes = maxMessageBytes;
    if (deflateParams) {
      const maxBytes = flaws.includes('inflates-without-limit') ? 2 ** 32 : maxMessageBytes;
      this.#deflate = new ReferenceDeflate(deflateParams, { role, flaws, maxBytes });
    }
  }

  /** Take bytes from the peer. */
  receive(chunk) {
    if (this.#has('breaks-mask-phase') && this.#frame) this.#frame.filled = 0;
    for (let position = 0; position < chunk.length && !this.#isDone; ) {
      if (this.#frame === undefined) {
        this.#head.push(chunk[position]);
        position += 1;
        this.#readHead();
      } else {
        const part = chunk.subarray(position, position + this.#frame.left);
        position += part.length;
        this.#readPayload(part);
      }
    }
  }

  /** The peer has ended TCP. */
  receiveEnd() {
    if (!this.#has('keeps-tcp-open') && !this.#has('resets')) this.#socket.end();
  }

  #has(flaw) {
    return this.#flaws.has(flaw);
  }

  #readHead() {
    const [first, second] = this.#head;
    if (second === undefined) return;
    const isMasked = second >= 0x80;
    const short = second & 0x7f;
    const extension = short < 126 ? 0 : short === 126 ? 2 : 8;
    if (this.#head.length === 2 && this.#rejectsFirstOctets(first, isMasked, short)) return;
    if (this.#head.length < 2 + extension + (isMasked ? 4 : 0)) return;
    const head = Buffer.from(this.#head);
    const length =
      extension === 0
        ? BigInt(short)
        : extension === 2
          ? BigInt(head.readUInt16BE(2))
          : head.readBigUInt64BE(2);
    this.#head = [];
    const isLongForm = extension > 0 && length < (extension === 2 ? 126n : 65536n);
    if (isLongForm && !this.#has('accepts-long-forms')) return this.#fail(1002);
    if (length >= 1n << 63n) return this.#fail(1002);
    this.#startFrame(first, Number(length), isMasked ? head.subarray(-4) : Buffer.alloc(4));
  }

  #rejectsFirstOctets(first, isMasked, short) {
    const opcode = first & 15;
    const isFinal = first >= 0x80;
    const isControl = opcode >= CONTROL;
    const isKnown = [0, 1, 2, 8, 9, 10].includes(opcode) || this.#has('accepts-reserved-opcodes');
    const mayBeCompressed =
      this.#deflate && (opcode === 1 || opcode === 2 || this.#has('accepts-rsv1-anywhere'));
    const hasRsv = (first & (mayBeCompressed ? 0x30 : 0x70)) !== 0 && !this.#has('accepts-rsv');
    const isWronglyMasked = isMasked !== this.#isServer && !this.#has('accepts-wrong-masks');
    const isFragmented = isControl && !isFinal && !this.#has('accepts-fragmented-control');
    const isTooLong = isControl && short > 125 && !this.#has('accepts-long-control');
    const isLost =
      !isControl && !this.#has('accepts-any-order') && (opcode === 0) !== (this.#message !== undefined);
    const isWrong = !isKnown || hasRsv || isWronglyMasked || isFragmented || isTooLong || isLost;
    if (isWrong) this.#fail(1002);
    return isWrong;
  }

  #startFrame(first, length, key) {
    const opcode = first & 15;
    if (opcode < CONTROL) {
      const isCompressed = this.#deflate !== undefined && (first & 0x40) !== 0;
      this.#message ??= { opcode, isCompressed, parts: [], size: 0, utf8: new Utf8Validator() };
      this.#message.size += length;
      if (this.#message.size > this.#maxMessageBytes) return this.#fail(1009);
    }
    this.#frame = { opcode, isFinal: first >= 0x80, left: length, filled: 0, key, parts: [] };
    if (length === 0) this.#endFrame();
  }

  #readPayload(masked) {
    const frame = this.#frame;
    const part = Buffer.from(masked);
    for (let index = 0; index < part.length; index += 1) part[index] ^= frame.key[(frame.filled + index) & 3];
    frame.filled += part.length;
    frame.left -= part.length;
    frame.parts.push(part);
    const isText = frame.opcode < CONTROL && this.#message.opcode === 1 && !this.#message.isCompressed;
    if (isText && !this.#has('accepts-any-text') && !this.#has('checks-text-late')) {
      for (const octet of part) if (!this.#message.utf8.push(octet)) return this.#fail(1007);
    }
    if (frame.left === 0) this.#endFrame();
  }

  #endFrame() {
    const { opcode, isFinal, parts } = this.#frame;
    this.#frame = undefined;
    const payload = Buffer.concat(parts);
    if (opcode === 8) return this.#endWith(payload);
    if (opcode === 9) return this.#answerPing(payload);
    if (opcode >= CONTROL) return undefined;
    this.#message.parts.push(payload);
    return isFinal ? this.#endMessage() : undefined;
  }

  #answerPing(payload) {
    if (this.#has('answers-no-ping')) return;
    this.#send(10, this.#has('answers-pings-empty') ? Buffer.alloc(0) : payload);
  }

  #endMessage() {
    const { opcode, isCompressed, parts, utf8 } = this.#message;
    const whole = Buffer.concat(parts);
    const data = isCompressed ? this.#deflate.inflate(whole) : whole;
    this.#message = undefined;
    if (typeof data === 'number') return this.#fail(data);
    if (!isCompressed && this.#has('takes-all-for-context')) this.#deflate?.remember(data);
    const isOnlyLate =
      this.#has('checks-text-late') || (isCompressed && !this.#has('checks-no-inflated-text'));
    const isText = opcode === 1 && !this.#has('accepts-any-text');
    if (isText && (isOnlyLate ? !isValid(data) : !utf8.isComplete)) return this.#fail(1007);
    if (this.#has('drops-empty-messages') && data.length === 0) return undefined;
    if (this.#has('echoes-one-octet-wrong') && data.length > 60_000) data[59_999] ^= 1;
    return this.#send(this.#has('echoes-as-binary') ? 2 : opcode, data);
  }

  #endWith(payload) {
    const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
    const isOneOctet = payload.length === 1 && !this.#has('accepts-one-octet-close');
    const isBadCode = payload.length >= 2 && !isCode(code) && !this.#has('accepts-any-code');
    if (isOneOctet || isBadCode) return this.#fail(1002);
    if (!isValid(payload.subarray(2)) && !this.#has('accepts-any-reason')) return this.#fail(1007);
    const answer = this.#has('answers-other-code') ? Buffer.from([3, 233]) : payload.subarray(0, 2);
    this.#send(8, answer.length === 2 ? answer : Buffer.alloc(0));
    return this.#end();
  }

  #fail(code) {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(this.#has('fails-with-other-code') ? 1011 : code);
    if (!this.#has('fails-without-close')) this.#send(8, payload);
    this.#end();
  }

  #end() {
    this.#isDone = true;
    if (this.#has('resets')) setTimeout(() => this.#reset(), RESET_DELAY_MS);
    else if (this.#has('goes-on-after-close')) this.#isDone = false;
    else if (this.#isServer && !this.#has('keeps-tcp-open')) this.#socket.end();
  }

  #reset() {
    // What resetAndDestroy() sets, without the FIN that it sends first.
    this.#socket.resetAndClosing = true;
    this.#socket.destroy();
  }

  #send(opcode, payload) {
    if (opcode < CONTROL && this.#deflate)
      return this.#sendFrame(opcode | 0xc0, this.#deflate.deflate(payload));
    const mayFragment = opcode < CONTROL && payload.length > 1 && this.#has('fragments-wrongly');
    if (!mayFragment) return this.#sendFrame(opcode | 0x80, payload);
    this.#sendFrame(opcode, payload.subarray(0, 1));
    return this.#sendFrame(opcode | 0x80, payload.subarray(1));
  }

  #sendFrame(first, payload) {
    const isMasked = this.#isServer === this.#has('masks-wrongly');
    const isLongForm = this.#has('sends-long-forms');
    const size = payload.length < 126 && !isLongForm ? 0 : payload.length < 65536 ? 2 : 8;
    const head = Buffer.alloc(2 + size);
    head[0] = first | (this.#has('sends-rsv') ? 0x40 : 0);
    head[1] = (isMasked ? 0x80 : 0) | (size === 0 ? payload.length : size === 2 ? 126 : 127);
    if (size === 2) head.writeUInt16BE(payload.length, 2);
    if (size === 8) head.writeBigUInt64BE(BigInt(payload.length), 2);
    if (!isMasked) return this.#socket.write(Buffer.concat([head, payload]));
    const key = this.#has('repeats-its-mask') ? this.#maskKey : randomBytes(4);
    const masked = payload.map((octet, index) => octet ^ key[index & 3]);
    return this.#socket.write(Buffer.concat([head, key, masked]));
  }
}

function isValid(bytes) {
  const validator = new Utf8Validator();
  return bytes.every((octet) => validator.push(octet)) && validator.isComplete;
}

function isCode(code) {
  const isAssigned = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
  return isAssigned || (code >= 3000 && code <= 4999);
}

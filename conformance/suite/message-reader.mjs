import { isUtf8 } from 'node:buffer';
import { OPCODE, Violation } from './frame.mjs';

/**
 * Joins the subject's frames to messages, strictly: fragments in order, text and reasons in UTF-8, close codes that
 * may go over the wire, nothing after the close frame. Throws a {@link Violation}.
 */
export class MessageReader {
  #fragments = [];
  #opcode;
  #isCompressed = false;
  #isClosed = false;
  #inflater;

  /** @param inflater - for compressed messages, where that was agreed on */
  constructor(inflater) {
    this.#inflater = inflater;
  }

  /** Whether no fragmented message is under way. */
  get isAtBoundary() {
    return this.#opcode === undefined;
  }

  /**
   * Take one frame.
   *
   * @returns the event that it completes: `{ type: 'text' | 'binary' | 'ping' | 'pong', data }`,
   *   `{ type: 'close', code, reason }` with code 1005 for an empty close, or undefined inside a fragmented message
   */
  accept(frame) {
    if (this.#isClosed)
      throw new Violation(`a frame with opcode ${frame.opcode} follows the close frame (5.5.1)`);
    if (frame.opcode === OPCODE.ping) return { type: 'ping', data: frame.payload };
    if (frame.opcode === OPCODE.pong) return { type: 'pong', data: frame.payload };
    if (frame.opcode === OPCODE.close) return this.#acceptClose(frame.payload);
    return this.#acceptData(frame);
  }

  #acceptClose(payload) {
    this.#isClosed = true;
    if (payload.length === 0) return { type: 'close', code: 1005, reason: '' };
    if (payload.length === 1) throw new Violation('a close frame has a payload of one octet (5.5.1)');
    const code = payload.readUInt16BE(0);
    const reason = payload.subarray(2);
    if (!isCodeForTheWire(code)) throw new Violation(`a close frame carries the code ${code} (7.4)`);
    if (!isUtf8(reason)) throw new Violation('a close frame carries a reason that is not UTF-8 (5.5.1)');
    return { type: 'close', code, reason: reason.toString() };
  }

  #acceptData({ opcode, fin, rsv1, payload }) {
    const isContinuation = opcode === OPCODE.continuation;
    if (isContinuation && this.#opcode === undefined)
      throw new Violation('a continuation continues nothing (5.4)');
    if (!isContinuation && this.#opcode !== undefined) {
      throw new Violation('a new message starts inside a fragmented one (5.4)');
    }
    if (!isContinuation) this.#isCompressed = rsv1;
    this.#opcode ??= opcode;
    this.#fragments.push(payload);
    if (!fin) return undefined;
    const whole = this.#fragments.length === 1 ? payload : Buffer.concat(this.#fragments);
    const data = this.#isCompressed ? this.#inflater.inflate(whole) : whole;
    const type = this.#opcode === OPCODE.text ? 'text' : 'binary';
    this.#opcode = undefined;
    this.#fragments = [];
    if (type === 'text' && !isUtf8(data)) throw new Violation('a text message is not UTF-8 (5.6)');
    return { type, data };
  }
}

/** RFC 6455 7.4 with the codes that IANA has registered since. */
function isCodeForTheWire(code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
}

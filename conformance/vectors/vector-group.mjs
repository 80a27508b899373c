import { closePayload, VectorPeer } from './notation.mjs';

/** Expect a text message with this payload in hex. */
export function textMessage(data) {
  return { type: 'message', binary: false, data };
}

/** Expect a binary message with this payload in hex. */
export function binaryMessage(data) {
  return { type: 'message', binary: true, data };
}

/** Expect a ping to be reported. */
export function pinged(data = '') {
  return { type: 'ping', data };
}

/** Expect a pong to be reported. */
export function ponged(data = '') {
  return { type: 'pong', data };
}

/** The pong that answers a ping (RFC 6455 5.5.3: identical application data). */
export function pongReply(payload = '') {
  return { opcode: 10, fin: true, payload };
}

/** Expect messages and control frames, an open connection after, and only these replies. */
export function staysOpen(chunks, events, replies = []) {
  return { chunks, events, outputFrames: replies, state: 'open' };
}

/** Expect the connection to be failed with `code` after `events` (RFC 6455 7.1.7). */
export function failsWith(code, chunks, events = [], replies = []) {
  const closeFrame = { opcode: 8, fin: true, payload: closePayload(code), prefix: true };
  return {
    chunks,
    events: [...events, { type: 'failed', code }],
    outputFrames: [...replies, closeFrame],
    state: 'closed',
  };
}

/** Expect the peer's close frame to be reported and answered with its code, without a reason (RFC 6455 5.5.1). */
export function closesWith(code, reason, chunks, events = [], replies = []) {
  const payload = code === 1005 ? '' : closePayload(code);
  return {
    chunks,
    events: [...events, { type: 'closeFrame', code, reason }],
    outputFrames: [...replies, { opcode: 8, fin: true, payload }],
    state: 'closed',
  };
}

/** One file of vectors: collects cases and gives each role its peer. */
export class VectorGroup {
  /** The cases so far, in the shape of the JSON files. */
  cases = [];

  /**
   * Add the same case for both roles.
   *
   * @param what - the name without its role: "rejects a fragmented ping"
   * @param rfc - section of RFC 6455
   * @param define - builds chunks, events, replies and state from the peer of that role
   * @param options - options for the machine
   */
  pair(what, rfc, define, options) {
    this.one('server', what, rfc, define, options);
    this.one('client', what, rfc, define, options);
  }

  /** Add a case for one role. */
  one(role, what, rfc, define, options) {
    const peer = new VectorPeer(role, this.cases.length);
    const { chunks, events, outputFrames, state } = define(peer);
    this.cases.push({
      name: `${role} ${what}`,
      rfc,
      role,
      ...(options && { options }),
      chunks,
      events,
      outputFrames,
      state,
    });
  }
}

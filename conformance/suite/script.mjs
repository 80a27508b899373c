/** The vocabulary of the cases: frames to send, replies to expect, cases to run. */
import { runExchange } from './exchange.mjs';
import { compressedFragments, cutIntoFrames, OPCODE } from './frame.mjs';

/** A data or control frame; strings become UTF-8. `overrides` as in `encodeFrame`. */
export function frameOf(opcode, payload = '', overrides = {}) {
  return { opcode, payload: toBytes(payload), ...overrides };
}

export const text = (payload, overrides) => frameOf(OPCODE.text, payload, overrides);
export const binary = (payload, overrides) => frameOf(OPCODE.binary, payload, overrides);
export const continuation = (payload, overrides) => frameOf(OPCODE.continuation, payload, overrides);
export const ping = (payload, overrides) => frameOf(OPCODE.ping, payload, overrides);
export const pong = (payload, overrides) => frameOf(OPCODE.pong, payload, overrides);

/** A close frame; without a code it is empty. The reason may be bytes. */
export function close(code, reason = '', overrides = {}) {
  if (code === undefined) return frameOf(OPCODE.close, '', overrides);
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return frameOf(OPCODE.close, Buffer.concat([head, toBytes(reason)]), overrides);
}

/** Cut `payload` into frames of one message, `size` octets each. */
export function fragments(opcode, payload, size) {
  return cutIntoFrames(opcode, toBytes(payload), size);
}

/** A message that is compressed as agreed, when it is sent; in fragments of `fragmentBytes` if given. */
export function toCompress(opcode, payload, fragmentBytes) {
  return { opcode, toCompress: toBytes(payload), fragmentBytes };
}

/** A text message that says it is compressed, whatever `deflated` is. */
export function deflatedText(deflated, size) {
  return compressedFragments(OPCODE.text, deflated, size);
}

export const textReply = (payload) => ({ type: 'text', data: toBytes(payload) });
export const binaryReply = (payload) => ({ type: 'binary', data: toBytes(payload) });
export const pongReply = (payload = '') => ({ type: 'pong', data: toBytes(payload) });

/**
 * A case that runs over an established connection.
 *
 * @param id - number of the case, as in the well-known suites where they have it
 * @param title - what is done and what the RFC asks for
 * @param rfc - section of RFC 6455, or "RFC 7692 ..."
 * @param script - see `runExchange`; `roles` limits it to subjects of one role, `isHeavy` has it run apart, `deflate`
 *   wants permessage-deflate: `{ offers, answer }`, what a server is offered and a client is answered
 */
export function exchangeCase(id, title, rfc, { roles, isHeavy, timeoutMs, deflate, ...script }) {
  return { id, title, rfc, roles, isHeavy, timeoutMs, deflate, run: (peer) => runExchange(peer, script) };
}

/** A case in which every reply is expected and the connection ends cleanly. */
export function repliesCase(id, title, rfc, send, replies, more = {}) {
  return exchangeCase(id, title, rfc, { send, replies, ending: 'clean', ...more });
}

/** A case whose payload is made when it runs: the suite must not hold hundreds of megabytes. `build` gives
 *  the frames and the replies. */
export function lazyCase(id, title, rfc, build, more) {
  const { roles, isHeavy, timeoutMs, deflate, ...script } = more;
  return {
    ...repliesCase(id, title, rfc, [], [], { roles, isHeavy, timeoutMs, deflate }),
    run(peer) {
      const [send, replies] = build();
      return repliesCase(id, title, rfc, send, replies, script).run(peer);
    },
  };
}

/** A case in which the subject has to fail the connection with one of `codes`. */
export function failureCase(id, title, rfc, codes, send, more = {}) {
  return exchangeCase(id, title, rfc, { send, replies: [], ending: 'fails', codes, ...more });
}

/** A case whose script contains a close frame that the subject has to answer with `codes`. */
export function closingCase(id, title, rfc, codes, send, more = {}) {
  return exchangeCase(id, title, rfc, { send, replies: [], ending: 'answers', codes, ...more });
}

function toBytes(payload) {
  return typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload;
}

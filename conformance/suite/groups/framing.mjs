import {
  binary,
  binaryReply,
  close,
  failureCase,
  ping,
  pongReply,
  repliesCase,
  text,
  textReply,
} from '../script.mjs';
import { judgement, VERDICT, worstOf } from '../verdict.mjs';

const SIZES = Object.freeze([0, 125, 126, 127, 128, 65535, 65536]);
const CHOP = 997;

/** Group 1: base framing, RFC 6455 5.2 and 5.3. */
export function framingCases() {
  return [...sizeCases(), ...sweepCases(), ...lengthCases(), ...maskCases(), freshMaskCase()];
}

function sizeCases() {
  const cases = [];
  for (const [group, frame, reply, fill] of [
    ['1.1', text, textReply, '*'],
    ['1.2', binary, binaryReply, '\xfe'],
  ]) {
    const kind = frame === text ? 'text' : 'binary';
    for (const [index, size] of SIZES.entries()) {
      const payload = Buffer.alloc(size, fill, 'latin1');
      const title = `${kind} message of ${size} octets is echoed`;
      cases.push(repliesCase(`${group}.${index + 1}`, title, '5.6', [frame(payload)], [reply(payload)]));
    }
    const payload = Buffer.alloc(65536, fill, 'latin1');
    const title = `${kind} message of 65536 octets in chops of ${CHOP} is echoed`;
    const more = { writing: CHOP };
    cases.push(repliesCase(`${group}.8`, title, '5.6', [frame(payload)], [reply(payload)], more));
  }
  return cases;
}

/** Every short length in one connection: the boundaries of word-wise unmasking and of shared buffers lie here. */
function sweepCases() {
  const payloads = Array.from({ length: 301 }, (_, size) =>
    Buffer.from(Array.from({ length: size }, (_unused, index) => (index * 7 + size) & 0xff)),
  );
  const send = payloads.map((payload) => binary(payload));
  const replies = payloads.map(binaryReply);
  return ['whole', 'frames', 3, 7, 64, 1021].map((writing, index) => {
    const how =
      typeof writing === 'number'
        ? `chops of ${writing}`
        : { whole: 'one write', frames: 'a write each' }[writing];
    const title = `binary messages of 0 to 300 octets in ${how} are echoed in order`;
    return repliesCase(`1.3.${index + 1}`, title, '5.3', send, replies, {
      writing,
      timeoutMs: 15_000,
      waitMs: 14_000,
    });
  });
}

/** RFC 6455 5.2: the minimal number of bytes, and a most significant bit of 0. */
function lengthCases() {
  const cases = [];
  for (const [size, lengthBits] of [
    [0, 16],
    [125, 16],
    [0, 64],
    [125, 64],
    [126, 64],
    [65535, 64],
  ]) {
    const payload = Buffer.alloc(size, 0x2b);
    const title = `length ${size} spelt in ${lengthBits} bits fails the connection`;
    const more = { tolerated: [binaryReply(payload)] };
    cases.push(
      failureCase(`1.4.${cases.length + 1}`, title, '5.2', [1002], [binary(payload, { lengthBits })], more),
    );
  }
  for (const [what, claims] of [
    ['the high bit set', 2n ** 63n],
    ['all bits set', 2n ** 64n - 1n],
  ]) {
    const title = `64-bit length with ${what} fails the connection`;
    cases.push(failureCase(`1.4.${cases.length + 1}`, title, '5.2', [1002, 1009], [binary('', { claims })]));
  }
  return cases;
}

/** RFC 6455 5.1: a server closes upon an unmasked frame, a client upon a masked one. */
function maskCases() {
  const cases = [];
  for (const [role, maskKey, what] of [
    ['server', null, 'unmasked'],
    ['client', Buffer.from('37fa213d', 'hex'), 'masked'],
    ['client', Buffer.alloc(4), 'masked (with zero)'],
  ]) {
    for (const [name, frame, payload] of [
      ['text', text, 'Hello'],
      ['empty text', text, ''],
      ['binary', binary, 'Hello'],
      ['ping', ping, 'Hello'],
    ]) {
      const title = `${what} ${name} frame fails the connection`;
      const more = { roles: [role] };
      cases.push(
        failureCase(`1.5.${cases.length + 1}`, title, '5.1', [1002], [frame(payload, { maskKey })], more),
      );
    }
    const wrongClose = close(1000, '', { maskKey });
    const title = `${what} close frame fails the connection`;
    cases.push(failureCase(`1.5.${cases.length + 1}`, title, '5.1', [1002], [wrongClose], { roles: [role] }));
  }
  return [...cases, ...keyCases(cases.length)];
}

function keyCases(count) {
  const payload = Buffer.from('Every octet meets its own octet of the key.');
  const keys = ['00000000', 'ffffffff', '000000ff', 'ff000000', '12345678', '80808080'];
  return keys.map((hex, index) => {
    const maskKey = Buffer.from(hex, 'hex');
    const frames = [text(payload, { maskKey }), ping('key', { maskKey }), binary(payload, { maskKey })];
    const replies = [textReply(payload), pongReply('key'), binaryReply(payload)];
    const title = `frames masked with ${hex}, octet by octet, are read`;
    const more = { roles: ['server'], writing: 'octets' };
    return repliesCase(`1.5.${count + index + 1}`, title, '5.3', frames, replies, more);
  });
}

/** RFC 6455 5.3: the key is fresh for every frame and unpredictable; a constant is the common mistake. */
function freshMaskCase() {
  const count = 64;
  const send = Array.from({ length: count }, (_, index) => text(`message ${index}`));
  const replies = send.map(({ payload }) => textReply(payload));
  const base = repliesCase('1.6.1', 'client masks every frame with a fresh key', '5.3', send, replies);
  return {
    ...base,
    roles: ['client'],
    async run(peer) {
      const echoed = await base.run(peer);
      const distinct = new Set(peer.maskKeys).size;
      if (distinct >= count - 1) return echoed;
      return worstOf([echoed, judgement(VERDICT.failed, `${count} frames came under ${distinct} mask keys`)]);
    },
  };
}

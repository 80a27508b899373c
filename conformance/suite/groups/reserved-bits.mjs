import { OPCODE } from '../frame.mjs';
import { binary, close, continuation, failureCase, frameOf, ping, text, textReply } from '../script.mjs';
import { VERDICT } from '../verdict.mjs';

/** A subject may drop what it has not sent when it fails; a strict one has answered in order. */
const DROPPED = Object.freeze({
  replies: [],
  verdict: VERDICT.nonStrict,
  because: 'dropped the echo of the valid text',
});

/** Group 3: RSV1 to RSV3 without an extension, RFC 6455 5.2. */
export function reservedBitCases() {
  const hello = 'Hello, world!';
  const before = { replies: [textReply(hello)], alternatives: [DROPPED] };
  const bad = (rsv) => [text(hello), text(hello, { rsv }), ping()];
  return [
    failureCase('3.1', 'text with RSV 001 fails the connection', '5.2', [1002], [text(hello, { rsv: 1 })]),
    failureCase(
      '3.2',
      'text is echoed, text with RSV 010 fails, the ping after is ignored',
      '5.2',
      [1002],
      bad(2),
      before,
    ),
    failureCase('3.3', 'the same with RSV 011, a write per frame', '5.2', [1002], bad(3), {
      ...before,
      writing: 'frames',
    }),
    failureCase('3.4', 'the same with RSV 100, octet by octet', '5.2', [1002], bad(4), {
      ...before,
      writing: 'octets',
    }),
    failureCase(
      '3.5',
      'binary with RSV 101 fails the connection',
      '5.2',
      [1002],
      [binary(hello, { rsv: 5 })],
    ),
    failureCase('3.6', 'ping with RSV 110 fails the connection', '5.2', [1002], [ping(hello, { rsv: 6 })]),
    failureCase(
      '3.7',
      'close with RSV 111 fails the connection',
      '5.2',
      [1002],
      [close(1000, '', { rsv: 7 })],
    ),
    ...everyPositionCases(),
  ];
}

function everyPositionCases() {
  const cases = [];
  for (const [name, opcode] of Object.entries(OPCODE)) {
    for (let rsv = 1; rsv <= 7; rsv += 1) {
      const id = `3.8.${cases.length + 1}`;
      const title = `${name} with RSV ${rsv.toString(2).padStart(3, '0')} fails the connection`;
      const payload = opcode === OPCODE.close ? Buffer.from('03e8', 'hex') : 'Hi';
      const start = opcode === OPCODE.continuation ? [text('start', { fin: false })] : [];
      cases.push(failureCase(id, title, '5.2', [1002], [...start, frameOf(opcode, payload, { rsv })]));
    }
  }
  const secondOfTwo = [text('start', { fin: false }), continuation('end', { rsv: 4 })];
  cases.push(
    failureCase(
      '3.9.1',
      'continuation with RSV 100, octet by octet, fails the connection',
      '5.2',
      [1002],
      secondOfTwo,
      {
        writing: 'octets',
      },
    ),
  );
  return cases;
}

import { failureCase, frameOf, ping, text, textReply } from '../script.mjs';
import { VERDICT } from '../verdict.mjs';

/** A subject may drop what it has not sent when it fails; a strict one has answered in order. */
const DROPPED = Object.freeze({
  replies: [],
  verdict: VERDICT.nonStrict,
  because: 'dropped the echo of the valid text',
});

/** Group 4: reserved opcodes, RFC 6455 5.2. */
export function opcodeCases() {
  return [
    ...reservedCases('4.1', [3, 4, 5, 6, 7], 'data'),
    ...reservedCases('4.2', [11, 12, 13, 14, 15], 'control'),
  ];
}

function reservedCases(group, opcodes, kind) {
  const cases = [];
  const add = (title, send, more) =>
    cases.push(failureCase(`${group}.${cases.length + 1}`, title, '5.2', [1002], send, more));
  const [first, second, third, fourth, fifth] = opcodes;
  const hello = 'Hello, world!';
  const before = { replies: [textReply(hello)], alternatives: [DROPPED] };
  const name = (opcode) => `${kind} opcode ${opcode}`;
  add(`reserved ${name(first)} fails the connection`, [frameOf(first)]);
  add(`reserved ${name(second)} with payload fails the connection`, [frameOf(second, 'reserved')]);
  add(
    `text is echoed, reserved ${name(third)} fails, the ping after is ignored`,
    [text(hello), frameOf(third), ping()],
    before,
  );
  add(
    `text is echoed, reserved ${name(fourth)} with payload, a write per frame, fails`,
    [text(hello), frameOf(fourth, hello), ping()],
    { ...before, writing: 'frames' },
  );
  add(
    `text is echoed, reserved ${name(fifth)} with payload, octet by octet, fails`,
    [text(hello), frameOf(fifth, hello), ping()],
    { ...before, writing: 'octets' },
  );
  for (const opcode of opcodes) {
    add(`reserved ${name(opcode)} without FIN fails the connection`, [
      frameOf(opcode, 'reserved', { fin: false }),
    ]);
    add(`reserved ${name(opcode)} amid a fragmented text fails`, [
      text('a', { fin: false }),
      frameOf(opcode, 'b'),
    ]);
    add(
      `text is echoed, reserved ${name(opcode)} fails the connection`,
      [text(hello), frameOf(opcode, hello)],
      before,
    );
  }
  return cases;
}

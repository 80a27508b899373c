import {
  close,
  closingCase,
  continuation,
  exchangeCase,
  failureCase,
  frameOf,
  ping,
  repliesCase,
  text,
  textReply,
} from '../script.mjs';
import { judgement, VERDICT, worstOf } from '../verdict.mjs';

const VALID_CODES = Object.freeze([
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
]);
const INVALID_CODES = Object.freeze([0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999]);
/** RFC 6455 7.4.2 says nothing of codes from 5000 on; a strict endpoint refuses them. */
const UNDEFINED_CODES = Object.freeze([5000, 32768, 65535]);
const CLIENT_PATIENCE_MS = 50;

/** Group 7: the closing handshake, RFC 6455 5.5.1 and 7. */
export function closingCases() {
  return [
    ...orderCases(),
    ...droppedCases(),
    clientWaitsCase(),
    ...payloadCases(),
    ...badReasonCases(),
    ...codeCases(),
  ];
}

function orderCases() {
  const large = Buffer.alloc(262_144, 'BAsd7&jh23');
  const closed = (id, title, send, more) => closingCase(id, title, '5.5.1', [1000], send, more);
  const trailing = [
    ['7.1.2', 'second close is ignored', close(1000)],
    ['7.1.3', 'ping after the close is ignored', ping('late')],
    ['7.1.4', 'text after the close is ignored', text('late')],
  ];
  return [
    repliesCase(
      '7.1.1',
      'text is echoed, the close after it answered',
      '5.5.1',
      [text('Hello')],
      [textReply('Hello')],
    ),
    ...trailing.map(([id, title, frame]) => closed(id, title, [close(1000), frame])),
    closed('7.1.5', 'close amid a fragmented text is answered, its end ignored', [
      ...[text('fragment1', { fin: false }), close(1000), continuation('fragment2')],
    ]),
    closed(
      '7.1.6',
      'text of 256 KiB is echoed, the close answered, the ping after it ignored',
      [...[text(large), close(1000), ping('late')]],
      { replies: [textReply(large)] },
    ),
    ...trailing.map(([id, title, frame]) =>
      closed(`${id}.1`, `${title}, a write each`, [close(1000), frame], { writing: 'frames' }),
    ),
    closed('7.1.7', 'garbage after the close is ignored', [close(1000), Buffer.alloc(64, 0xff)]),
    closed('7.1.8', 'close, octet by octet, is answered', [close(1000, 'done')], { writing: 'octets' }),
    closed('7.1.9', 'text and close in one write are both answered', [text('Hello'), close(1000)], {
      replies: [textReply('Hello')],
    }),
  ];
}

/** RFC 6455 7.1.1: however TCP ends, the other end of it has to be let go. */
function droppedCases() {
  const dropped = (id, title, send, more) =>
    exchangeCase(id, title, '7.1.1', { send, replies: [], ending: 'drops', ...more });
  return [
    dropped('7.2.1', 'TCP ends without a close frame; the subject ends it too', []),
    dropped('7.2.2', 'TCP ends after an echo without a close frame', [text('Hello')], {
      replies: [textReply('Hello')],
    }),
    dropped('7.2.3', 'TCP ends inside a frame', [Buffer.from('81fe', 'hex')], { roles: ['server'] }),
    dropped('7.2.4', 'TCP ends inside a frame', [Buffer.from('817e', 'hex')], { roles: ['client'] }),
    dropped('7.2.5', 'TCP ends inside a fragmented message', [text('fragment1', { fin: false })]),
  ];
}

/** RFC 6455 7.1.1: the client SHOULD leave it to the server to close TCP. */
function clientWaitsCase() {
  const title = 'client leaves closing TCP to the server';
  return {
    ...repliesCase('7.2.6', title, '7.1.1', [], []),
    roles: ['client'],
    async run(peer) {
      await peer.writeFrames([close(1000)]);
      await peer.until(() => peer.isOver, 1000);
      await peer.until(() => peer.tcp !== 'open', CLIENT_PATIENCE_MS);
      const isEarly = peer.closeFrame !== undefined && peer.tcp !== 'open';
      await peer.finish();
      const findings = isEarly
        ? [judgement(VERDICT.informational, 'closed TCP before the server did, as it MAY')]
        : [];
      if (!peer.closeFrame) findings.push(judgement(VERDICT.failed, 'the close frame was never answered'));
      if (peer.tcp !== 'ended') findings.push(judgement(VERDICT.failed, `TCP is ${peer.tcp}`));
      return worstOf(findings);
    },
  };
}

function payloadCases() {
  const answered = (id, title, codes, frame) => closingCase(id, title, '5.5.1', codes, [frame]);
  const failed = (id, title, frame) => failureCase(id, title, '5.5.1', [1002], [frame]);
  return [
    answered('7.3.1', 'empty close is answered', [1005], close()),
    failed('7.3.2', 'close with a payload of one octet fails', frameOf(8, Buffer.from([3]))),
    answered('7.3.3', 'close with a code is answered', [1000], close(1000)),
    answered('7.3.4', 'close with a code and a reason is answered', [1000], close(1000, 'Hello World!')),
    answered('7.3.5', 'close with a reason of 123 octets is answered', [1000], close(1000, '*'.repeat(123))),
    failed('7.3.6', 'close with a reason of 124 octets fails', close(1000, '*'.repeat(124))),
    answered(
      '7.3.7',
      'close with a reason of 41 characters in 123 octets is answered',
      [1000],
      close(1000, '€'.repeat(41)),
    ),
    answered(
      '7.3.8',
      'close with a reason that holds NUL and astral characters is answered',
      [4000],
      close(4000, '\0😀'),
    ),
    failed('7.3.9', 'close with a 64-bit length fails', close(1000, Buffer.alloc(65536, 0x2a))),
  ];
}

function badReasonCases() {
  const reasons = {
    'malformed text': 'cebae1bdb9cf83cebcceb5eda080656469746564',
    'a lone continuation': '80',
    'an overlong slash': 'c0af',
    'a code point beyond U+10FFFF': 'f4908080',
    'a truncated code point': 'e282',
    'an impossible octet': '6fff6b',
  };
  return Object.entries(reasons).map(([what, hex], index) => {
    const title = `close whose reason is ${what} fails`;
    return failureCase(`7.5.${index + 1}`, title, '8.1', [1007], [close(1000, Buffer.from(hex, 'hex'))]);
  });
}

function codeCases() {
  const valid = VALID_CODES.flatMap((code, index) => [
    closingCase(`7.7.${index + 1}`, `close code ${code} is answered`, '7.4', [code], [close(code)]),
    closingCase(
      `7.7.${index + 1}.1`,
      `close code ${code} with a reason is answered`,
      '7.4',
      [code],
      [close(code, 'why')],
    ),
  ]);
  const invalid = INVALID_CODES.flatMap((code, index) => [
    failureCase(`7.9.${index + 1}`, `close code ${code} fails`, '7.4', [1002], [close(code)]),
    failureCase(
      `7.9.${index + 1}.1`,
      `close code ${code} with a reason fails`,
      '7.4',
      [1002],
      [close(code, 'why')],
    ),
  ]);
  return [...valid, ...invalid, ...UNDEFINED_CODES.map(undefinedCodeCase)];
}

function undefinedCodeCase(code, index) {
  const base = failureCase(`7.13.${index + 1}`, `close code ${code} fails`, '7.4.2', [1002], [close(code)]);
  return {
    ...base,
    async run(peer) {
      const { verdict, detail } = await base.run(peer);
      return judgement(verdict === VERDICT.ok ? verdict : VERDICT.informational, detail);
    },
  };
}

import { OPCODE } from '../frame.mjs';
import {
  binary,
  binaryReply,
  close,
  closingCase,
  continuation,
  failureCase,
  fragments,
  ping,
  pong,
  pongReply,
  repliesCase,
  text,
  textReply,
} from '../script.mjs';
import { VERDICT } from '../verdict.mjs';

/** A subject may drop what it has not sent when it fails; a strict one has answered in order. */
const DROPPED = Object.freeze({
  replies: [],
  verdict: VERDICT.nonStrict,
  because: 'dropped the echo of the valid text',
});

const FIRST = 'fragment1';
const SECOND = 'fragment2';
const BOTH = FIRST + SECOND;
const start = (payload) => text(payload, { fin: false });
const middle = (payload) => continuation(payload, { fin: false });

/** Group 5: fragmentation, RFC 6455 5.4. */
export function fragmentationCases() {
  return [
    ...fragmentedControlCases(),
    ...joiningCases(),
    ...misplacedCases(),
    ...longCases(),
    ...extraCases(),
  ];
}

/** RFC 6455 5.5: control frames MUST NOT be fragmented. */
function fragmentedControlCases() {
  return [
    failureCase(
      '5.1',
      'fragmented ping fails the connection',
      '5.5',
      [1002],
      [ping(FIRST, { fin: false }), continuation(SECOND)],
    ),
    failureCase(
      '5.2',
      'fragmented pong fails the connection',
      '5.5',
      [1002],
      [pong(FIRST, { fin: false }), continuation(SECOND)],
    ),
  ];
}

function joiningCases() {
  const pair = [start(FIRST), continuation(SECOND)];
  const withPing = [start(FIRST), ping('ping'), continuation(SECOND)];
  const pongFirst = [pongReply('ping'), textReply(BOTH)];
  const whole = [textReply(BOTH)];
  return [
    repliesCase('5.3', 'text of two fragments is joined', '5.4', pair, whole),
    repliesCase('5.4', 'the same, a write per frame', '5.4', pair, whole, { writing: 'frames' }),
    repliesCase('5.5', 'the same, octet by octet', '5.4', pair, whole, { writing: 'octets' }),
    repliesCase('5.6', 'ping between two fragments is answered first', '5.4', withPing, pongFirst),
    repliesCase('5.7', 'the same, a write per frame', '5.4', withPing, pongFirst, { writing: 'frames' }),
    repliesCase('5.8', 'the same, octet by octet', '5.4', withPing, pongFirst, { writing: 'octets' }),
  ];
}

function misplacedCases() {
  const final = [continuation('nothing to continue'), text('Hello')];
  const unfinished = [middle('nothing to continue'), text('Hello')];
  const fails = (id, title, send, more) => failureCase(id, title, '5.4', [1002], send, more);
  return [
    fails('5.9', 'final continuation without a start fails', final),
    fails('5.10', 'the same, a write per frame', final, { writing: 'frames' }),
    fails('5.11', 'the same, octet by octet', final, { writing: 'octets' }),
    fails('5.12', 'unfinished continuation without a start fails', unfinished),
    fails('5.13', 'the same, a write per frame', unfinished, { writing: 'frames' }),
    fails('5.14', 'the same, octet by octet', unfinished, { writing: 'octets' }),
    fails(
      '5.15',
      'text of two fragments is echoed, the unfinished continuation after it fails',
      [start(FIRST), continuation(SECOND), middle('fragment3'), text('fragment4')],
      { replies: [textReply(BOTH)], alternatives: [DROPPED] },
    ),
    fails('5.16', 'unfinished continuation, then fragmented text, twice, fails', [
      ...[middle('fragment1'), start('fragment2'), continuation('fragment3')],
      ...[middle('fragment4'), start('fragment5'), continuation('fragment6')],
    ]),
    fails('5.17', 'final continuation, then fragmented text, twice, fails', [
      ...[continuation('fragment1'), start('fragment2'), continuation('fragment3')],
      ...[continuation('fragment4'), start('fragment5'), continuation('fragment6')],
    ]),
    fails('5.18', 'second text frame amid a fragmented text fails', [start(FIRST), text(SECOND)]),
  ];
}

function longCases() {
  const parts = [1, 2, 3, 4, 5].map((number) => `fragment${number}`);
  const send = [
    ...[start(parts[0]), middle(parts[1]), ping('pongme 1!')],
    ...[middle(parts[2]), middle(parts[3]), ping('pongme 2!'), continuation(parts[4])],
  ];
  const replies = [pongReply('pongme 1!'), pongReply('pongme 2!'), textReply(parts.join(''))];
  const octets = Buffer.from(Array.from({ length: 10_000 }, (_, index) => 97 + (index % 26)));
  const single = fragments(OPCODE.text, octets, 1);
  const empties = [start(''), ...Array.from({ length: 1000 }, () => middle('')), continuation('end')];
  const between = parts.flatMap((part, index) => [
    index === 0 ? binary(part, { fin: false }) : middle(part),
    ping(Buffer.alloc(125, index)),
    pong('unsolicited'),
  ]);
  const pongs = parts.map((_, index) => pongReply(Buffer.alloc(125, index)));
  return [
    repliesCase(
      '5.19',
      'text of five fragments with two pings among them, a write per frame',
      '5.4',
      send,
      replies,
      {
        writing: 'frames',
      },
    ),
    repliesCase('5.20', 'the same in one write', '5.4', send, replies),
    repliesCase('5.21', 'text of 10,000 fragments of one octet is joined', '5.4', single, [
      textReply(octets),
    ]),
    repliesCase('5.22', 'text with a thousand empty fragments is joined', '5.4', empties, [textReply('end')]),
    repliesCase(
      '5.23',
      'binary of six fragments with pings of 125 octets and pongs among them',
      '5.4',
      [...between, continuation('')],
      [...pongs, binaryReply(parts.join(''))],
    ),
  ];
}

function extraCases() {
  const fails = (id, title, rfc, send, more) => failureCase(id, title, rfc, [1002], send, more);
  return [
    repliesCase(
      '5.24',
      'two fragmented messages of different kinds, one after the other',
      '5.4',
      [start(FIRST), continuation(SECOND), binary(FIRST, { fin: false }), continuation(SECOND)],
      [textReply(BOTH), binaryReply(BOTH)],
    ),
    fails('5.25', 'fragmented ping amid a message fails', '5.5', [start(FIRST), ping('', { fin: false })]),
    fails('5.26', 'fragmented close fails', '5.5', [close(1000, '', { fin: false })]),
    fails('5.27', 'binary frame amid a fragmented text fails', '5.4', [start(FIRST), binary(SECOND)]),
    fails('5.28', 'text frame amid a fragmented binary message fails', '5.4', [
      binary(FIRST, { fin: false }),
      text(SECOND),
    ]),
    fails('5.29', 'second start amid a fragmented text fails', '5.4', [
      start(FIRST),
      start(SECOND),
      continuation(''),
    ]),
    fails('5.30', 'continuation after a whole text fails', '5.4', [text(BOTH), continuation('')], {
      replies: [textReply(BOTH)],
      alternatives: [DROPPED],
    }),
    fails('5.31', 'continuation after a ping fails', '5.4', [ping('ping'), continuation('')], {
      replies: [pongReply('ping')],
      alternatives: [DROPPED],
    }),
    closingCase(
      '5.32',
      'close amid a fragmented text is answered, the text dropped',
      '5.5.1',
      [1000],
      [start(FIRST), close(1000)],
    ),
    repliesCase(
      '5.33',
      'pings between fragments cut a code point, which is joined',
      '5.4',
      [
        start(Buffer.from('e2', 'hex')),
        ping('1'),
        middle(Buffer.from('82', 'hex')),
        ping('2'),
        continuation(Buffer.from('ac', 'hex')),
      ],
      [pongReply('1'), pongReply('2'), textReply('€')],
    ),
  ];
}

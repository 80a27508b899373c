import {
  continuation,
  exchangeCase,
  failureCase,
  ping,
  pong,
  pongReply,
  repliesCase,
  text,
  textReply,
} from '../script.mjs';
import { VERDICT } from '../verdict.mjs';

/** Group 2: pings and pongs, RFC 6455 5.5.2 and 5.5.3. */
export function pingCases() {
  const longest = Buffer.alloc(125, 0xfe);
  const tooLong = Buffer.alloc(126, 0xfe);
  const notText = Buffer.from('00fffefdfcfb00ff', 'hex');
  return [
    repliesCase('2.1', 'empty ping is answered', '5.5.2', [ping()], [pongReply()]),
    repliesCase('2.2', 'ping is answered with its payload', '5.5.3', [ping('Hello')], [pongReply('Hello')]),
    repliesCase('2.3', 'ping that is no text is answered', '5.5.3', [ping(notText)], [pongReply(notText)]),
    repliesCase('2.4', 'ping of 125 octets is answered', '5.5', [ping(longest)], [pongReply(longest)]),
    failureCase('2.5', 'ping of 126 octets fails the connection', '5.5', [1002], [ping(tooLong)]),
    repliesCase(
      '2.6',
      'ping of 125 octets, octet by octet, is answered',
      '5.5',
      [ping(longest)],
      [pongReply(longest)],
      {
        writing: 'octets',
      },
    ),
    ...pongCases(),
    manyPingsCase('2.10', 10, 'whole'),
    manyPingsCase('2.11', 10, 'octets'),
    failureCase('2.12', 'pong of 126 octets fails the connection', '5.5', [1002], [pong(tooLong)]),
    failureCase(
      '2.13',
      'ping with a 16-bit length of 5 fails the connection',
      '5.5',
      [1002],
      [ping('Hello', { lengthBits: 16 })],
    ),
    failureCase(
      '2.14',
      'ping with a 64-bit length fails the connection',
      '5.5',
      [1002],
      [ping(Buffer.alloc(65536))],
    ),
    repliesCase(
      '2.15',
      'text, ping, text are answered in order',
      '5.5.2',
      [text('one'), ping('between'), text('two')],
      [textReply('one'), pongReply('between'), textReply('two')],
    ),
    manyPingsCase('2.16', 50, 'whole'),
    repliesCase(
      '2.17',
      'ping of 125 octets amid a fragmented text is answered',
      '5.4',
      [text('frag', { fin: false }), ping(longest), continuation('ment')],
      [pongReply(longest), textReply('fragment')],
    ),
  ];
}

/** RFC 6455 5.5.3: an unsolicited pong is a heartbeat, no answer is expected. */
function pongCases() {
  return [
    repliesCase('2.7', 'unsolicited empty pong is ignored', '5.5.3', [pong()], []),
    repliesCase('2.8', 'unsolicited pong with payload is ignored', '5.5.3', [pong('unsolicited')], []),
    repliesCase(
      '2.9',
      'unsolicited pong is ignored, the ping after it answered',
      '5.5.3',
      [pong('unsolicited'), ping('solicited')],
      [pongReply('solicited')],
    ),
  ];
}

/** RFC 6455 5.5.3: who has several pings to answer MAY answer only the last. */
function manyPingsCase(id, count, writing) {
  const payloads = Array.from({ length: count }, (_, index) => `payload-${index}`);
  const all = payloads.map(pongReply);
  const how = writing === 'octets' ? 'octet by octet' : 'in one write';
  return exchangeCase(id, `${count} pings ${how} are all answered`, '5.5.3', {
    send: payloads.map((payload) => ping(payload)),
    writing,
    replies: all,
    ending: 'clean',
    alternatives: [
      {
        replies: all.slice(-1),
        verdict: VERDICT.informational,
        because: 'only the last ping was answered, as 5.5.3 allows',
      },
    ],
  });
}

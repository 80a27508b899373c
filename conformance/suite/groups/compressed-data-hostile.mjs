import { FLUSH, fixedBlock, rawBits, storedBlock, writeBlocks } from '../deflate/blocks.mjs';
import { runExchange } from '../exchange.mjs';
import { compressedFragments, OPCODE } from '../frame.mjs';
import {
  binary,
  close,
  continuation,
  deflatedText,
  failureCase,
  ping,
  pong,
  text,
  textReply,
  toCompress,
} from '../script.mjs';
import { VERDICT } from '../verdict.mjs';
import { PLAIN_DEFLATE } from './compressed-data.mjs';

const MIB = 1024 * 1024;
const RSV1 = Object.freeze({ rsv: 4 });
const HELLO = Buffer.from('f248cdc9c90700', 'hex');

/** Groups D.2 to D.4: reserved bits, corrupt data and bad text, where permessage-deflate was agreed on. */
export function corruptDataCases() {
  return [
    ...group('D.2', '6.1', [1002], reservedBitRows()),
    ...group('D.3', '7.2.2', [1007], corruptRows()),
    ...group('D.4', '7.2.2', [1007], textRows()),
  ];
}

/** Group D.5: messages that inflate to more than the subject takes; run only where its limit is known. */
export function bombCases({ maxMessageBytes }) {
  if (maxMessageBytes === undefined) return [];
  const over = maxMessageBytes + 1;
  const bomb = () => expandTo(over + 4 * MIB);
  const rows = [
    ['a message that inflates to a little more than the limit', () => [...deflatedText(expandTo(over))]],
    ['the same in fragments of 4096 octets', () => deflatedText(bomb(), 4096)],
    [
      'a binary message that inflates to ten times the limit',
      () => compressedFragments(OPCODE.binary, expandTo(10 * over)),
    ],
    [
      'a message that inflates to more than the limit after one that does not',
      () => [toCompress(OPCODE.text, 'Hello'), ...deflatedText(bomb())],
      { replies: [textReply('Hello')] },
    ],
  ];
  return rows.map(([what, build, more], index) => ({
    ...failureCase(`D.5.${index + 1}`, `${what} fails the connection`, '10.4', [1009], [], HEAVY),
    run: (peer) => runExchange(peer, { ...BOMB, send: build(), ...more }),
  }));
}

const HEAVY = Object.freeze({ isHeavy: true, timeoutMs: 15_000, deflate: PLAIN_DEFLATE });
const BOMB = Object.freeze({ replies: [], ending: 'fails', codes: [1009], waitMs: 14_000 });

function group(number, section, codes, rows) {
  return rows.map(([what, send, more], index) =>
    failureCase(
      `${number}.${index + 1}`,
      `${what} fails the connection`,
      `RFC 7692 ${section}`,
      codes,
      send,
      {
        deflate: PLAIN_DEFLATE,
        ...more,
      },
    ),
  );
}

function reservedBitRows() {
  const [start, ...rest] = deflatedText(HELLO, 3);
  return [
    ['RSV1 on a continuation', [start, ...rest.map((frame) => ({ ...frame, ...RSV1 }))]],
    [
      'RSV1 on the continuation of a message without compression',
      [text('a', { fin: false }), continuation('b', RSV1)],
    ],
    ['RSV1 on a ping', [ping('Hi', RSV1)]],
    ['RSV1 on a pong', [pong('Hi', RSV1)]],
    ['RSV1 on a close frame', [close(1000, '', RSV1)]],
    ['RSV1 on a ping inside a compressed message', [start, ping('Hi', RSV1)]],
    ['RSV1 on a reserved opcode', [{ opcode: 3, payload: HELLO, ...RSV1 }]],
    ['RSV2 on a compressed text', [text(HELLO, { rsv: 6 })]],
    ['RSV3 on a compressed binary message', [binary(HELLO, { rsv: 5 })]],
    ['RSV2 alone', [text('Hi', { rsv: 2 })]],
    ['a new compressed message inside a compressed one', [start, ...deflatedText(HELLO)]],
  ];
}

function corruptRows() {
  const row = (what, ...blocks) => [what, deflatedText(writeBlocks(...blocks))];
  const after = (what, ...blocks) => [
    what,
    [...deflatedText(HELLO), ...deflatedText(writeBlocks(...blocks))],
    { replies: [textReply('Hello')] },
  ];
  return [
    row('a block of the reserved type', rawBits(6, 3), FLUSH),
    row(
      'a stored block whose length does not match its check',
      storedBlock('Hello', { complement: 0 }),
      FLUSH,
    ),
    row('a stored block that is longer than the message', storedBlock('Hello', { claims: 500 })),
    row('a block with fixed codes that does not end', fixedBlock(['Hello'], { isCut: true })),
    row('a reference before the beginning', fixedBlock([[3, 1]]), FLUSH),
    row('a reference just before the beginning', fixedBlock(['Hello', [3, 6]]), FLUSH),
    after('a reference before the first message', fixedBlock([[3, 6]]), FLUSH),
    row('length code 286', fixedBlock(['Hello', { literal: 286, distanceCode: 0 }]), FLUSH),
    row('distance code 30', fixedBlock(['Hello', { distanceCode: 30 }]), FLUSH),
    row('distance code 31', fixedBlock(['Hello', { distanceCode: 31 }]), FLUSH),
    row('dynamic codes whose lengths make no code', rawBits(4, 3), rawBits(0, 14), rawBits(0xfff, 12), FLUSH),
    row('dynamic codes cut off', rawBits(4, 3), rawBits(0, 14)),
    row('too many dynamic codes', rawBits(4, 3), rawBits(31, 5), rawBits(31, 5), rawBits(15, 4), FLUSH),
    row('garbage after a final block', fixedBlock(['Hello'], { isFinal: true }), rawBits(0xffff, 16)),
    ['random octets', deflatedText(Buffer.from('fedcba98765432100123456789abcdef', 'hex'))],
    [
      'random octets in a binary message',
      compressedFragments(OPCODE.binary, Buffer.from('ffffffffffff', 'hex')),
    ],
    ['text that is not compressed at all', deflatedText(Buffer.from('Hello, world!'))],
    ['gzip', deflatedText(Buffer.from('1f8b0800000000000003f348cdc9c907008289d1f705000000', 'hex'))],
    // Four octets that make no block follow it (RFC 7692 7.2.2), but many read it as an empty message.
    [
      'no octet at all',
      deflatedText(Buffer.alloc(0)),
      { tolerated: [textReply('')], toleration: VERDICT.informational },
    ],
  ];
}

function textRows() {
  const row = (what, ...parts) => [
    what,
    deflatedText(writeBlocks(...parts.map((octets) => fixedBlock(octets)), FLUSH)),
  ];
  return [
    row('a lone continuation octet', [0x61, 0x80]),
    row('an overlong slash', [0xc0, 0xaf]),
    row('a surrogate', [0xed, 0xa0, 0x80]),
    row('a code point beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]),
    row('text that ends inside a code point', [0x61, 0xe2, 0x82]),
    row('a code point broken off at the end of a block', [0x61, 0xe2, 0x82], [0x61]),
    [
      'bad text in fragments of one octet',
      deflatedText(writeBlocks(fixedBlock([0x61, 0xff, 0x61]), FLUSH), 1),
    ],
    [
      'bad text after a good one',
      [...deflatedText(HELLO), ...deflatedText(writeBlocks(fixedBlock([0xff]), FLUSH))],
      { replies: [textReply('Hello')] },
    ],
  ];
}

/** A compressed message of `size` zeros, about a thousandth of it, written without compressing them all. */
function expandTo(size) {
  const million = 258 * 4000;
  const block = writeBlocks(fixedBlock([0x61, ...Array.from({ length: 4000 }, () => [258, 1])]), FLUSH);
  const stored = Buffer.from([0, 0, 0xff, 0xff]);
  const rest = writeBlocks(FLUSH);
  const count = Math.ceil(size / million);
  return Buffer.concat([...Array.from({ length: count }, () => [block, stored]).flat(), rest]);
}

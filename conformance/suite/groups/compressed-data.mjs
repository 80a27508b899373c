import { FLUSH, fixedBlock, storedBlock, writeBlocks } from '../deflate/blocks.mjs';
import { compressedFragments, OPCODE } from '../frame.mjs';
import { deflatedText, ping, pongReply, repliesCase, text, textReply, toCompress } from '../script.mjs';

export const PLAIN_DEFLATE = Object.freeze({
  offers: 'permessage-deflate; client_max_window_bits',
  answer: '',
});

const HELLO = 'f248cdc9c90700';
const MIB = 1024 * 1024;

const hex = (digits) => Buffer.from(digits, 'hex');

/** Group D.1: compressed messages as RFC 7692 allows them and hardly anybody makes them. */
export function compressedDataCases() {
  return [...exampleCases(), ...blockCases(), ...contextCases(), ...fragmentCases(), ...expansionCases()].map(
    ({ what, section, send, replies, ...more }, index) =>
      repliesCase(`D.1.${index + 1}`, `${what} is echoed`, `RFC 7692 ${section}`, send, replies, {
        ...more,
        deflate: PLAIN_DEFLATE,
      }),
  );
}

function hello(what, section, ...messages) {
  return {
    what,
    section,
    send: messages.flatMap((message) => deflatedText(message)),
    replies: messages.map(() => textReply('Hello')),
  };
}

/** The examples of the RFC. */
function exampleCases() {
  return [
    hello('one block with fixed codes', '7.2.3.1', hex(HELLO)),
    {
      what: 'one block in two fragments',
      section: '7.2.3.1',
      send: deflatedText(hex(HELLO), 3),
      replies: [textReply('Hello')],
    },
    {
      ...hello('a message that refers to the one before', '7.2.3.2', hex(HELLO), hex('f200110000')),
      needsContext: true,
    },
    hello('a block without compression', '7.2.3.3', hex('000500faff48656c6c6f00')),
    hello('a final block', '7.2.3.4', hex('f348cdc9c9070000')),
    hello('two blocks', '7.2.3.5', hex('f24805000000ffffcac9c90700')),
    {
      what: 'an empty message',
      section: '7.2.3.6',
      send: [...deflatedText(hex('00')), text('after')],
      replies: [textReply(''), textReply('after')],
    },
  ];
}

function blockCases() {
  const finals = ['H', 'ell', 'o'].map((part) => fixedBlock([part], { isFinal: true }));
  const empties = Array.from({ length: 1000 }, () => storedBlock(''));
  const stored = 'x'.repeat(65_535);
  return [
    // 7.2.3.4: "The next DEFLATE block follows the padded data if any."
    hello('a message of three final blocks', '7.2.3.4', writeBlocks(...finals, FLUSH)),
    hello(
      'a final block without compression, then another block',
      '7.2.3.4',
      writeBlocks(storedBlock('Hel', { isFinal: true }), fixedBlock(['lo']), FLUSH),
    ),
    {
      what: 'a reference over the end of a final block',
      section: '7.2.3.4',
      send: deflatedText(writeBlocks(fixedBlock(['abc'], { isFinal: true }), fixedBlock([[3, 3]]), FLUSH)),
      replies: [textReply('abcabc')],
    },
    {
      what: 'a thousand empty blocks around a text',
      section: '7.2.1',
      send: deflatedText(writeBlocks(...empties, fixedBlock(['Hello']), ...empties, FLUSH)),
      replies: [textReply('Hello')],
    },
    {
      what: 'a stored block of 65535 octets',
      section: '7.2.3.3',
      send: deflatedText(writeBlocks(storedBlock(stored), FLUSH)),
      replies: [textReply(stored)],
    },
    {
      what: 'a message of empty blocks alone',
      section: '7.2.3.6',
      send: deflatedText(writeBlocks(storedBlock(''), fixedBlock([]), storedBlock(''), FLUSH)),
      replies: [textReply('')],
    },
    {
      what: 'an empty final block',
      section: '7.2.3.6',
      send: deflatedText(writeBlocks(fixedBlock([], { isFinal: true }), FLUSH)),
      replies: [textReply('')],
    },
  ];
}

function contextCases() {
  const far = Buffer.alloc(32_768, 'x');
  far.write('the beginning of the window');
  const refersBack = (length, distance) => deflatedText(writeBlocks(fixedBlock([[length, distance]]), FLUSH));
  return [
    {
      what: 'a reference to the very beginning of the window',
      section: '7.1.2',
      send: [toCompress(OPCODE.text, far), ...refersBack(258, 32_768)],
      replies: [textReply(far), textReply(far.subarray(0, 258))],
      needsContext: true,
    },
    {
      what: 'a reference over several messages',
      section: '7.1.1',
      send: [...'abc']
        .flatMap((letter) => deflatedText(writeBlocks(fixedBlock([letter]), FLUSH)))
        .concat(refersBack(3, 3)),
      replies: ['a', 'b', 'c', 'abc'].map(textReply),
      needsContext: true,
    },
    {
      what: 'a message without compression between two, which is not part of the context,',
      section: '7.2.1',
      send: [...deflatedText(hex(HELLO)), text('not this'), ...refersBack(5, 5)],
      replies: ['Hello', 'not this', 'Hello'].map(textReply),
      needsContext: true,
    },
    {
      what: 'a reference to a message that ended with a final block',
      section: '7.2.3.4',
      send: [...deflatedText(hex('f348cdc9c9070000')), ...refersBack(5, 5)],
      replies: ['Hello', 'Hello'].map(textReply),
      needsContext: true,
    },
    {
      what: 'a reference to a message before an empty one',
      section: '7.2.3.6',
      send: [...deflatedText(hex(HELLO)), ...deflatedText(hex('00')), ...refersBack(5, 5)],
      replies: ['Hello', '', 'Hello'].map(textReply),
      needsContext: true,
    },
  ];
}

function fragmentCases() {
  const word = 'Hello-µ@ßöäüàá-UTF-8!! κόσμε 😀';
  const deflated = writeBlocks(fixedBlock([...Buffer.from(word)]), FLUSH);
  const [first, ...rest] = deflatedText(deflated, 1);
  const empty = { opcode: OPCODE.continuation, payload: Buffer.alloc(0), fin: false };
  const opening = compressedFragments(OPCODE.text, Buffer.alloc(0)).map((frame) => ({
    ...frame,
    fin: false,
  }));
  return [
    {
      what: 'a text in fragments of one octet',
      section: '6.1',
      send: [first, ...rest],
      replies: [textReply(word)],
    },
    {
      what: 'a text in fragments of one octet, with pings in between',
      section: '6.1',
      send: [first, ...rest.flatMap((frame) => [ping('p'), frame])],
      replies: [...rest.map(() => pongReply('p')), textReply(word)],
    },
    {
      what: 'a text whose first and last fragments are empty',
      section: '6.1',
      send: [
        ...opening,
        empty,
        { opcode: OPCODE.continuation, payload: deflated, fin: false },
        { ...empty, fin: true },
      ],
      replies: [textReply(word)],
    },
    {
      what: 'a text octet by octet',
      section: '6.1',
      send: deflatedText(deflated),
      replies: [textReply(word)],
      writing: 'octets',
    },
    {
      what: 'a fragmented text without compression after one with',
      section: '6.1',
      send: [...deflatedText(hex(HELLO), 2), text('plain', { fin: false }), { ...empty, fin: true }],
      replies: ['Hello', 'plain'].map(textReply),
    },
    {
      what: 'a text whose code points lie across two blocks',
      section: '7.2.3.5',
      send: deflatedText(
        writeBlocks(
          fixedBlock([0xe2, 0x82]),
          storedBlock([0xac, 0xf0, 0x9f]),
          fixedBlock([0x98, 0x80]),
          FLUSH,
        ),
      ),
      replies: [textReply('€😀')],
    },
  ];
}

/** A message may be a thousand times as long as what was sent. */
function expansionCases() {
  return [MIB, 8 * MIB].map((size) => ({
    what: `a message of ${size / MIB} MiB of one octet`,
    section: '7.2.2',
    send: [toCompress(OPCODE.text, Buffer.alloc(size, 'x'))],
    replies: [textReply(Buffer.alloc(size, 'x'))],
    isHeavy: true,
    timeoutMs: 15_000,
    waitMs: 14_000,
  }));
}

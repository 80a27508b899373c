import { parseSample, utf8Sections } from '../../utf8-samples.mjs';
import { OPCODE } from '../frame.mjs';
import {
  binary,
  binaryReply,
  continuation,
  failureCase,
  fragments,
  repliesCase,
  text,
  textReply,
} from '../script.mjs';

const WORD = 'Hello-µ@ßöäüàá-UTF-8!!';
/** Five letters in 2, 3, 2, 2 and 2 octets. */
const GREEK = '\u03ba\u1f79\u03c3\u03bc\u03b5';
/** A valid text with a surrogate, and with a code point beyond U+10FFFF, in its middle. */
const SURROGATE = Buffer.from('cebae1bdb9cf83cebcceb5eda080656469746564', 'hex');
const GOOD = Buffer.from(GREEK);
const BEYOND = Buffer.from('f4908080', 'hex');
const EDITED = Buffer.from('edited');

/** Group 6: UTF-8 in text messages, RFC 6455 5.6 and 8.1. */
export function utf8Cases() {
  return [
    ...emptyCases(),
    ...validCases(),
    ...invalidCases(),
    ...fastFailureCases(),
    ...utf8Sections().flatMap(({ section, title, samples }) =>
      samples.flatMap(([name, notation], index) =>
        sampleCases(`${section}.${index + 1}`, `${title}: ${name}`, parseSample(notation)),
      ),
    ),
  ];
}

function emptyCases() {
  const start = (payload) => text(payload, { fin: false });
  const middle = (payload) => continuation(payload, { fin: false });
  return [
    repliesCase('6.1.1', 'empty text is echoed', '5.6', [text('')], [textReply('')]),
    repliesCase(
      '6.1.2',
      'text of three empty fragments is echoed',
      '5.6',
      [start(''), middle(''), continuation('')],
      [textReply('')],
    ),
    repliesCase(
      '6.1.3',
      'text of three fragments, the outer ones empty, is echoed',
      '5.6',
      [start(''), middle('middle frame payload'), continuation('')],
      [textReply('middle frame payload')],
    ),
  ];
}

function validCases() {
  const [head, tail] = [WORD.slice(0, 8), WORD.slice(8)];
  return [
    repliesCase('6.2.1', 'valid text is echoed', '8.1', [text(WORD)], [textReply(WORD)]),
    repliesCase(
      '6.2.2',
      'valid text, cut between code points, is echoed',
      '8.1',
      [text(head, { fin: false }), continuation(tail)],
      [textReply(WORD)],
    ),
    repliesCase(
      '6.2.3',
      'valid text, a fragment an octet, is echoed',
      '8.1',
      fragments(OPCODE.text, WORD, 1),
      [textReply(WORD)],
    ),
    repliesCase(
      '6.2.4',
      'valid Greek text, a fragment an octet, is echoed',
      '8.1',
      fragments(OPCODE.text, GREEK, 1),
      [textReply(GREEK)],
    ),
    repliesCase(
      '6.2.5',
      'binary message that is no UTF-8 is echoed',
      '8.1',
      [binary(SURROGATE)],
      [binaryReply(SURROGATE)],
    ),
  ];
}

function invalidCases() {
  return [
    failureCase('6.3.1', 'malformed text fails the connection', '8.1', [1007], [text(SURROGATE)]),
    failureCase(
      '6.3.2',
      'the same, a fragment an octet',
      '8.1',
      [1007],
      fragments(OPCODE.text, SURROGATE, 1),
    ),
  ];
}

/** RFC 6455 8.1 lets one fail early; a strict endpoint does, at the first octet that no text has there. */
function fastFailureCases() {
  const malformed = Buffer.concat([GOOD, BEYOND, EDITED]);
  const fails = (id, title, send, more) => failureCase(id, title, '8.1', [1007], send, more);
  return [
    fails(
      '6.4.1',
      'bad fragment fails before the final one comes',
      [text(GOOD, { fin: false }), continuation(BEYOND, { fin: false })],
      { writing: 'frames', rest: [continuation(EDITED)] },
    ),
    fails(
      '6.4.2',
      'bad octet at the end of a fragment fails before the next one comes',
      [text(Buffer.concat([GOOD, BEYOND.subarray(0, 2)]), { fin: false })],
      { rest: [continuation(BEYOND.subarray(2), { fin: false }), continuation(EDITED)] },
    ),
    fails('6.4.3', 'bad code point fails before its frame is complete', [text(malformed)], {
      heldBack: EDITED.length,
    }),
    fails('6.4.4', 'bad second octet fails before its code point is complete', [text(malformed)], {
      heldBack: EDITED.length + 2,
    }),
    fails(
      '6.4.5',
      'code point cut by fragments and continued wrongly fails before its frame is complete',
      [text(GOOD.subarray(0, 4), { fin: false }), continuation(malformed)],
      { writing: 'frames', heldBack: malformed.length - 1 },
    ),
  ];
}

/** Each sample whole, octet by octet and a fragment an octet; a malformed one also only up to its bad octet. */
function sampleCases(id, name, sample) {
  const { bytes, isValid } = sample;
  const ways = [
    ['whole', [text(bytes)], 'whole'],
    ['octet by octet', [text(bytes)], 'octets'],
    ['a fragment an octet', fragments(OPCODE.text, bytes, 1), 'whole'],
  ];
  const cases = ways.map(([how, send, writing], index) =>
    isValid
      ? repliesCase(`${id}.${index + 1}`, `${name}, ${how}, is echoed`, '8.1', send, [textReply(bytes)], {
          writing,
        })
      : failureCase(`${id}.${index + 1}`, `${name}, ${how}, fails the connection`, '8.1', [1007], send, {
          writing,
        }),
  );
  return sample.badAt === undefined ? cases : [...cases, firstBadOctetCase(`${id}.4`, name, sample)];
}

function firstBadOctetCase(id, name, { bytes, badAt }) {
  const padded = Buffer.concat([bytes, Buffer.from('the rest of the message')]);
  const heldBack = padded.length - badAt - 1;
  return failureCase(id, `${name}, fails at its first bad octet`, '8.1', [1007], [text(padded)], {
    heldBack,
  });
}

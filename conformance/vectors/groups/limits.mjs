import { cutAt, frame, octetwise, run, text } from '../notation.mjs';
import {
  binaryMessage,
  closesWith,
  failsWith,
  pinged,
  pongReply,
  staysOpen,
  textMessage,
  VectorGroup,
} from '../vector-group.mjs';

/** Bounds on payloads (RFC 6455 10.4, close code 1009), the encoding of lengths (5.2) and the mask bit (5.1). */
export function limitVectors() {
  const group = new VectorGroup();
  addSingleFrames(group);
  addScope(group);
  addFragments(group);
  addFragmentsWithin(group);
  addImpossibleLengths(group);
  addLongForms(group);
  addMaskBit(group);
  return group.cases;
}

function addSingleFrames(group) {
  for (const limit of [1, 16, 125, 126, 1000]) {
    const options = { maxMessageBytes: limit };
    group.pair(
      `delivers a message exactly at the limit of ${limit}`,
      '10.4',
      (peer) => staysOpen([peer.frame(0x82, run('61', limit))], [binaryMessage(run('61', limit))]),
      options,
    );
    group.pair(
      `rejects, at its header, a message of one octet over the limit of ${limit}`,
      '10.4',
      (peer) => failsWith(1009, [peer.frame(0x82, '', { length: limit + 1 })]),
      options,
    );
    group.pair(
      `rejects a whole text over the limit of ${limit}`,
      '10.4',
      (peer) => failsWith(1009, [peer.frame(0x81, run('61', limit + 1))]),
      options,
    );
  }
}

/** What the limit counts, and from where on. */
function addScope(group) {
  const options = { maxMessageBytes: 65536 };
  group.pair(
    'delivers 64 KiB at that limit',
    '10.4',
    (peer) => staysOpen([peer.frame(0x82, run('00', 65536))], [binaryMessage(run('00', 65536))]),
    options,
  );
  group.pair(
    'rejects 64 KiB and one octet at its header, which arrives octet by octet',
    '10.4',
    (peer) => failsWith(1009, octetwise(peer.frame(0x82, '', { length: 65537 }))),
    options,
  );
  group.pair(
    'delivers what came before the message over the limit',
    '10.4',
    (peer) =>
      failsWith(
        1009,
        [peer.frame(0x81, text('fine')) + peer.frame(0x81, text('longer'))],
        [textMessage(text('fine'))],
      ),
    { maxMessageBytes: 4 },
  );
  group.pair(
    'counts the limit for each message anew',
    '10.4',
    (peer) =>
      staysOpen(
        [peer.frame(0x82, '01020304'), peer.frame(0x82, '05060708')],
        [binaryMessage('01020304'), binaryMessage('05060708')],
      ),
    { maxMessageBytes: 4 },
  );
  group.pair(
    'takes a ping longer than the limit for messages',
    '5.5.2',
    (peer) => staysOpen([peer.frame(0x89, '0102030405')], [pinged('0102030405')], [pongReply('0102030405')]),
    { maxMessageBytes: 4 },
  );
  group.pair(
    'takes a close with a reason longer than the limit for messages',
    '5.5.1',
    (peer) => closesWith(1000, 'a long reason', [peer.close(1000, 'a long reason')]),
    { maxMessageBytes: 4 },
  );
}

function addFragments(group) {
  const options = { maxMessageBytes: 10 };
  group.pair(
    'delivers fragments that reach the limit exactly',
    '10.4',
    (peer) =>
      staysOpen(
        [peer.frame(0x01, text('123456')), peer.frame(0x80, text('7890'))],
        [textMessage(text('1234567890'))],
      ),
    options,
  );
  group.pair(
    'rejects, at its header, the fragment that exceeds the limit',
    '10.4',
    (peer) => failsWith(1009, [peer.frame(0x01, text('123456')), peer.frame(0x80, '', { length: 5 })]),
    options,
  );
  group.pair(
    'rejects, at its header, the unfinished fragment that exceeds the limit',
    '10.4',
    (peer) => failsWith(1009, [peer.frame(0x02, '010203040506') + peer.frame(0x00, '', { length: 5 })]),
    options,
  );
  group.pair(
    'rejects the eleventh fragment of one octet',
    '10.4',
    (peer) => {
      const frames = Array.from({ length: 10 }, (_, index) => peer.frame(index === 0 ? 0x02 : 0x00, 'aa'));
      return failsWith(1009, [...frames, peer.frame(0x00, '', { length: 1 })]);
    },
    options,
  );
}

function addFragmentsWithin(group) {
  const options = { maxMessageBytes: 10 };
  group.pair(
    'does not count control frames between fragments',
    '10.4',
    (peer) =>
      staysOpen(
        [peer.frame(0x02, '0102030405'), peer.frame(0x89, '010203040506'), peer.frame(0x80, '060708090a')],
        [pinged('010203040506'), binaryMessage('0102030405060708090a')],
        [pongReply('010203040506')],
      ),
    options,
  );
  group.pair(
    'takes empty fragments at the limit',
    '10.4',
    (peer) =>
      staysOpen(
        [peer.frame(0x02, '00'.repeat(10)), peer.frame(0x00), peer.frame(0x80)],
        [binaryMessage('00'.repeat(10))],
      ),
    options,
  );
  group.pair(
    'forgets the fragments of the message before',
    '10.4',
    (peer) =>
      staysOpen(
        [
          peer.frame(0x02, '0102030405'),
          peer.frame(0x80, '06'),
          peer.frame(0x02, '0102030405'),
          peer.frame(0x80, '06'),
        ],
        [binaryMessage('010203040506'), binaryMessage('010203040506')],
      ),
    options,
  );
}

function addImpossibleLengths(group) {
  // RFC 6455 5.2: the most significant bit of a 64-bit length MUST be 0.
  for (const [what, length] of [
    ['the high bit and nothing else', 2n ** 63n],
    ['all bits', 2n ** 64n - 1n],
    ['the high bit and a small rest', 2n ** 63n + 65536n],
  ]) {
    group.pair(`rejects a 64-bit length with ${what} set`, '5.2', (peer) =>
      failsWith(1002, [peer.frame(0x82, '', { length })]),
    );
  }
  for (const [what, length] of [
    ['2^31', 2n ** 31n],
    ['2^32', 2n ** 32n],
    ['2^32 and one', 2n ** 32n + 1n],
    ['2^53 - 1', 2n ** 53n - 1n],
    ['2^53', 2n ** 53n],
    ['2^53 + 1', 2n ** 53n + 1n],
    ['2^63 - 1', 2n ** 63n - 1n],
  ]) {
    group.pair(
      `rejects a length of ${what} as too big`,
      '10.4',
      (peer) => failsWith(1009, [peer.frame(0x82, '', { length })]),
      { maxMessageBytes: 1_048_576 },
    );
  }
  group.pair(
    'rejects a continuation of 2^53 - 1 octets as too big',
    '10.4',
    (peer) => failsWith(1009, [peer.frame(0x02, '01'), peer.frame(0x80, '', { length: 2n ** 53n - 1n })]),
    { maxMessageBytes: 1_048_576 },
  );
}

/** RFC 6455 5.2: the minimal number of bytes MUST be used to encode the length. */
function addLongForms(group) {
  for (const [length, lengthBits] of [
    [0, 16],
    [1, 16],
    [125, 16],
    [0, 64],
    [125, 64],
    [126, 64],
    [65535, 64],
  ]) {
    group.pair(`rejects the length ${length} in ${lengthBits} bits`, '5.2', (peer) =>
      failsWith(1002, [peer.frame(0x82, '', { length, lengthBits })]),
    );
  }
  group.pair('rejects a long form in a continuation', '5.2', (peer) =>
    failsWith(1002, [peer.frame(0x02, '01'), peer.frame(0x80, '02', { lengthBits: 16 })]),
  );
}

/** RFC 6455 5.1: a client masks every frame, a server none; either error closes the connection. */
function addMaskBit(group) {
  const frames = { text: 0x81, binary: 0x82, ping: 0x89, pong: 0x8a, close: 0x88, 'unfinished text': 0x01 };
  for (const [name, first] of Object.entries(frames)) {
    group.one('server', `rejects an unmasked ${name} frame`, '5.1', () =>
      failsWith(1002, [frame(first, '03e8')]),
    );
    group.one('server', `rejects an unmasked empty ${name} frame`, '5.1', () =>
      failsWith(1002, [frame(first, '')]),
    );
    group.one('client', `rejects a masked ${name} frame`, '5.1', () =>
      failsWith(1002, [frame(first, '03e8', { key: '37fa213d' })]),
    );
    group.one('client', `rejects a ${name} frame masked with zero`, '5.1', () =>
      failsWith(1002, [frame(first, '03e8', { key: '00000000' })]),
    );
  }
  group.one('server', 'rejects an unmasked continuation of a masked text', '5.1', (peer) =>
    failsWith(1002, [peer.frame(0x01, text('masked')), frame(0x80, text('bare'))]),
  );
  group.one('client', 'rejects a masked continuation of an unmasked text', '5.1', (peer) =>
    failsWith(1002, [peer.frame(0x01, text('bare')), frame(0x80, text('masked'), { key: '01020304' })]),
  );
  group.one('server', 'delivers the masked text before an unmasked one', '5.1', (peer) =>
    failsWith(
      1002,
      [peer.frame(0x81, text('masked')) + frame(0x81, text('bare'))],
      [textMessage(text('masked'))],
    ),
  );
  group.one('client', 'rejects a masked frame that arrives in pieces', '5.1', () =>
    failsWith(1002, cutAt(frame(0x81, text('masked'), { key: '01020304' }), 1, 2, 4)),
  );
}

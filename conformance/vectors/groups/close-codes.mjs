import { closePayload, octetwise, run, text } from '../notation.mjs';
import { closesWith, failsWith, textMessage, VectorGroup } from '../vector-group.mjs';

/** RFC 6455 7.4 and the IANA registry it founds: what a peer may send. */
const VALID_CODES = Object.freeze([
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4001, 4999,
]);
/** Unused, reserved for local use (1005, 1006, 1015), unassigned, out of range. */
const INVALID_CODES = Object.freeze([
  0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 9999, 32768, 65535,
]);

/** The close frame, RFC 6455 5.5.1 and 7.4. */
export function closeCodeVectors() {
  const group = new VectorGroup();
  addCodes(group);
  addPayloads(group);
  addReasonsOfBadText(group);
  addAfterClose(group);
  return group.cases;
}

function addCodes(group) {
  for (const code of VALID_CODES) {
    group.pair(`answers the close code ${code}`, '7.4', (peer) => closesWith(code, '', [peer.close(code)]));
    group.pair(`answers the close code ${code} with a reason`, '7.4', (peer) =>
      closesWith(code, 'because', [peer.close(code, 'because')]),
    );
  }
  for (const code of INVALID_CODES) {
    group.pair(`rejects the close code ${code}`, '7.4', (peer) => failsWith(1002, [peer.close(code)]));
    group.pair(`rejects the close code ${code} with a reason`, '7.4', (peer) =>
      failsWith(1002, [peer.close(code, 'because')]),
    );
  }
}

function addPayloads(group) {
  group.pair('answers an empty close with an empty close', '5.5.1', (peer) =>
    closesWith(1005, '', [peer.frame(0x88)]),
  );
  for (const octet of ['00', '03', 'ff']) {
    group.pair(`rejects a close payload of the one octet ${octet}`, '5.5.1', (peer) =>
      failsWith(1002, [peer.frame(0x88, octet)]),
    );
  }
  const longest = 'r'.repeat(123);
  group.pair('answers a close with a reason of 123 octets', '5.5.1', (peer) =>
    closesWith(1000, longest, [peer.close(1000, longest)]),
  );
  const manyOctets = '€'.repeat(41);
  group.pair('answers a close with a reason of 41 characters in 123 octets', '5.5.1', (peer) =>
    closesWith(1000, manyOctets, [peer.close(1000, manyOctets)]),
  );
  group.pair('rejects a close with a reason of 124 octets', '5.5', (peer) =>
    failsWith(1002, [peer.close(1000, 'r'.repeat(124))]),
  );
  group.pair('answers a close that arrives octet by octet', '5.5.1', (peer) =>
    closesWith(1001, 'Grüße', octetwise(peer.close(1001, 'Grüße'))),
  );
  group.pair('keeps NUL and astral characters of the reason', '5.5.1', (peer) =>
    closesWith(4000, '\u0000a😀', [peer.close(4000, '\u0000a😀')]),
  );
  group.pair('keeps a byte order mark in the reason', '5.5.1', (peer) =>
    closesWith(4000, '\ufeffa', [peer.close(4000, '\ufeffa')]),
  );
}

/** RFC 6455 5.5.1: the reason is UTF-8; 8.1: text that is not fails the connection. */
function addReasonsOfBadText(group) {
  for (const [what, octets] of [
    ['a lone continuation', '80'],
    ['an overlong slash', 'c0af'],
    ['an overlong form of three octets', 'e09fbf'],
    ['a surrogate', 'eda080'],
    ['a code point beyond U+10FFFF', 'f4908080'],
    ['an impossible octet', 'ff'],
    ['a truncated code point', 'e282'],
    ['a malformed sequence amid text', `${text('Hello')}ce61${text('world')}`],
  ]) {
    group.pair(`rejects ${what} in the reason`, '8.1', (peer) =>
      failsWith(1007, [peer.frame(0x88, closePayload(1000) + octets)]),
    );
  }
  group.pair('rejects a reason of 123 octets that breaks off inside a code point', '8.1', (peer) =>
    failsWith(1007, [peer.frame(0x88, `${closePayload(1000, 'r'.repeat(121))}e282`)]),
  );
  group.pair('rejects an invalid code before it looks at the reason', '7.4', (peer) =>
    failsWith(1002, [peer.frame(0x88, closePayload(1005) + text('fine'))]),
  );
}

/** RFC 6455 1.4: after receiving a close frame, what follows is discarded. */
function addAfterClose(group) {
  const done = (build) => (peer) => closesWith(1000, '', build(peer));
  group.pair(
    'ignores a text after the close',
    '1.4',
    done((peer) => [peer.close(1000) + peer.frame(0x81, text('a'))]),
  );
  group.pair(
    'ignores a ping after the close',
    '1.4',
    done((peer) => [peer.close(1000) + peer.frame(0x89, '01')]),
  );
  group.pair(
    'ignores a second close',
    '1.4',
    done((peer) => [peer.close(1000) + peer.close(1001)]),
  );
  group.pair(
    'ignores a violation after the close',
    '1.4',
    done((peer) => [peer.close(1000) + peer.frame(0xff, '00')]),
  );
  group.pair(
    'ignores chunks after the close',
    '1.4',
    done((peer) => [peer.close(1000), peer.frame(0x81, text('late')), peer.frame(0x83), run('ff', 64)]),
  );
  group.pair(
    'ignores a broken frame after the close',
    '1.4',
    done((peer) => [`${peer.close(1000)}81`]),
  );
  group.pair('delivers the messages before the close', '5.5.1', (peer) =>
    closesWith(
      1000,
      'bye',
      [peer.frame(0x81, text('one')) + peer.frame(0x81, text('two')) + peer.close(1000, 'bye')],
      [textMessage(text('one')), textMessage(text('two'))],
    ),
  );
  group.pair('drops an unfinished message at the close', '5.5.1', (peer) =>
    closesWith(1000, '', [
      peer.frame(0x01, text('never')) + peer.close(1000) + peer.frame(0x80, text('ended')),
    ]),
  );
  group.pair('closes within a code point cut by fragments', '5.5.1', (peer) =>
    closesWith(1000, '', [peer.frame(0x01, 'e282'), peer.close(1000)]),
  );
}

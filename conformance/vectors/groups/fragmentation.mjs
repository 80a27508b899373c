import { octetwise, text } from '../notation.mjs';
import {
  binaryMessage,
  closesWith,
  failsWith,
  pinged,
  ponged,
  pongReply,
  staysOpen,
  textMessage,
  VectorGroup,
} from '../vector-group.mjs';

const FIRST = text('fragment1');
const SECOND = text('fragment2');

/** Fragmentation, RFC 6455 5.4. */
export function fragmentationVectors() {
  const group = new VectorGroup();
  addJoined(group);
  addInterleaved(group);
  addFragmentedControl(group);
  addWrongOrder(group);
  return group.cases;
}

function addJoined(group) {
  group.pair('joins a text of two fragments', '5.4', (peer) =>
    staysOpen([peer.frame(0x01, FIRST), peer.frame(0x80, SECOND)], [textMessage(FIRST + SECOND)]),
  );
  group.pair('joins two fragments from one chunk', '5.4', (peer) =>
    staysOpen([peer.frame(0x01, FIRST) + peer.frame(0x80, SECOND)], [textMessage(FIRST + SECOND)]),
  );
  group.pair('joins two fragments that arrive octet by octet', '5.4', (peer) =>
    staysOpen(octetwise(peer.frame(0x01, FIRST), peer.frame(0x80, SECOND)), [textMessage(FIRST + SECOND)]),
  );
  group.pair('joins a binary message of three fragments', '5.4', (peer) =>
    staysOpen(
      [peer.frame(0x02, '00ff'), peer.frame(0x00, 'fe'), peer.frame(0x80, '80')],
      [binaryMessage('00fffe80')],
    ),
  );
  group.pair('joins three empty fragments to an empty text', '5.4', (peer) =>
    staysOpen([peer.frame(0x01), peer.frame(0x00), peer.frame(0x80)], [textMessage('')]),
  );
  group.pair('joins three fragments, the outer ones empty', '5.4', (peer) =>
    staysOpen([peer.frame(0x01), peer.frame(0x00, FIRST), peer.frame(0x80)], [textMessage(FIRST)]),
  );
  group.pair('joins a text of one octet per fragment', '5.4', (peer) => {
    const octets = octetwise(FIRST);
    const frames = octets.map((octet, index) => peer.frame(index === 0 ? 0x01 : 0x00, octet));
    return staysOpen([...frames, peer.frame(0x80)], [textMessage(FIRST)]);
  });
  group.pair('takes two fragmented messages, one after the other', '5.4', (peer) =>
    staysOpen(
      [peer.frame(0x01, FIRST), peer.frame(0x80, SECOND), peer.frame(0x02, '01'), peer.frame(0x80, '02')],
      [textMessage(FIRST + SECOND), binaryMessage('0102')],
    ),
  );
  group.pair('waits for the final fragment', '5.4', (peer) =>
    staysOpen([peer.frame(0x01, FIRST), peer.frame(0x00, SECOND)], []),
  );
}

/** RFC 6455 5.4: control frames MAY be injected in the middle of a fragmented message. */
function addInterleaved(group) {
  group.pair('answers a ping between fragments', '5.4', (peer) =>
    staysOpen(
      [peer.frame(0x01, FIRST), peer.frame(0x89, text('ping')), peer.frame(0x80, SECOND)],
      [pinged(text('ping')), textMessage(FIRST + SECOND)],
      [pongReply(text('ping'))],
    ),
  );
  group.pair('answers a ping between fragments that arrives octet by octet', '5.4', (peer) =>
    staysOpen(
      octetwise(peer.frame(0x01, FIRST), peer.frame(0x89, text('ping')), peer.frame(0x80, SECOND)),
      [pinged(text('ping')), textMessage(FIRST + SECOND)],
      [pongReply(text('ping'))],
    ),
  );
  group.pair('takes pings and pongs between five fragments', '5.4', (peer) =>
    staysOpen(
      [
        peer.frame(0x01, text('f1')) + peer.frame(0x00, text('f2')) + peer.frame(0x89, '01'),
        peer.frame(0x00, text('f3')) + peer.frame(0x8a, '02') + peer.frame(0x00, text('f4')),
        peer.frame(0x89, '03') + peer.frame(0x80, text('f5')),
      ],
      [pinged('01'), ponged('02'), pinged('03'), textMessage(text('f1f2f3f4f5'))],
      [pongReply('01'), pongReply('03')],
    ),
  );
  group.pair('closes amid a fragmented message and drops it', '5.5.1', (peer) =>
    closesWith(1000, '', [peer.frame(0x01, FIRST), peer.close(1000), peer.frame(0x80, SECOND)]),
  );
  group.pair('answers a ping within a code point cut by fragments', '5.4', (peer) =>
    staysOpen(
      [peer.frame(0x01, 'e282'), peer.frame(0x89, 'ff'), peer.frame(0x80, 'ac')],
      [pinged('ff'), textMessage('e282ac')],
      [pongReply('ff')],
    ),
  );
}

/** RFC 6455 5.5: control frames MUST NOT be fragmented. */
function addFragmentedControl(group) {
  for (const [name, first] of [
    ['ping', 0x09],
    ['pong', 0x0a],
    ['close', 0x08],
  ]) {
    group.pair(`rejects a fragmented ${name}`, '5.5', (peer) =>
      failsWith(1002, [peer.frame(first, '03e8'), peer.frame(0x80, '00')]),
    );
    group.pair(`rejects an empty fragmented ${name}`, '5.5', (peer) => failsWith(1002, [peer.frame(first)]));
    group.pair(`rejects a fragmented ${name} amid a message`, '5.5', (peer) =>
      failsWith(1002, [peer.frame(0x01, FIRST), peer.frame(first, '03e8')]),
    );
  }
}

function addWrongOrder(group) {
  for (const [what, first] of [
    ['a final', 0x80],
    ['an unfinished', 0x00],
  ]) {
    group.pair(`rejects ${what} continuation without a start`, '5.4', (peer) =>
      failsWith(1002, [peer.frame(first, FIRST), peer.frame(0x81, SECOND)]),
    );
    group.pair(`rejects ${what} continuation octet by octet`, '5.4', (peer) =>
      failsWith(1002, octetwise(peer.frame(first, FIRST))),
    );
    group.pair(`rejects ${what} empty continuation without a start`, '5.4', (peer) =>
      failsWith(1002, [peer.frame(first)]),
    );
    group.pair(`rejects ${what} continuation after a complete message`, '5.4', (peer) =>
      failsWith(
        1002,
        [peer.frame(0x01, FIRST), peer.frame(0x80, SECOND), peer.frame(first, SECOND)],
        [textMessage(FIRST + SECOND)],
      ),
    );
    group.pair(`rejects ${what} continuation after a single-frame message`, '5.4', (peer) =>
      failsWith(1002, [peer.frame(0x81, FIRST) + peer.frame(first, SECOND)], [textMessage(FIRST)]),
    );
    group.pair(`rejects ${what} continuation after a ping`, '5.4', (peer) =>
      failsWith(
        1002,
        [peer.frame(0x89, '01') + peer.frame(first, SECOND)],
        [pinged('01')],
        [pongReply('01')],
      ),
    );
  }
  for (const [what, first] of [
    ['a whole text', 0x81],
    ['a whole binary message', 0x82],
    ['a new fragmented text', 0x01],
    ['a new fragmented binary message', 0x02],
  ]) {
    group.pair(`rejects ${what} amid a fragmented text`, '5.4', (peer) =>
      failsWith(1002, [peer.frame(0x01, FIRST), peer.frame(first, SECOND)]),
    );
    group.pair(`rejects ${what} amid a fragmented binary message`, '5.4', (peer) =>
      failsWith(1002, [peer.frame(0x02, FIRST) + peer.frame(0x00, FIRST) + peer.frame(first, SECOND)]),
    );
  }
}

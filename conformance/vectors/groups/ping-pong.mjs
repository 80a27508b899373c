import { closePayload, octetwise, run, text } from '../notation.mjs';
import {
  closesWith,
  failsWith,
  pinged,
  ponged,
  pongReply,
  staysOpen,
  textMessage,
  VectorGroup,
} from '../vector-group.mjs';

/** Ping and pong, RFC 6455 5.5.2 and 5.5.3. */
export function pingPongVectors() {
  const group = new VectorGroup();
  addPings(group);
  addPongs(group);
  addOversized(group);
  return group.cases;
}

function addPings(group) {
  const payloads = {
    'without payload': '',
    'with text': text('Hello'),
    'that is no UTF-8': '00ff fe fd fc fb 00ff',
  };
  for (const [what, spaced] of Object.entries(payloads)) {
    const payload = spaced.replaceAll(' ', '');
    group.pair(`answers a ping ${what}`, '5.5.2', (peer) =>
      staysOpen([peer.frame(0x89, payload)], [pinged(payload)], [pongReply(payload)]),
    );
  }
  group.pair('answers a ping of 125 octets', '5.5', (peer) =>
    staysOpen([peer.frame(0x89, run('fe', 125))], [pinged(run('fe', 125))], [pongReply(run('fe', 125))]),
  );
  group.pair('answers a ping of 125 octets that arrives octet by octet', '5.5', (peer) => {
    const payload = 'fe'.repeat(125);
    return staysOpen(octetwise(peer.frame(0x89, payload)), [pinged(payload)], [pongReply(payload)]);
  });
  const ten = Array.from({ length: 10 }, (_, index) => text(`payload-${index}`));
  group.pair('answers ten pings in order', '5.5.3', (peer) =>
    staysOpen(
      ten.map((payload) => peer.frame(0x89, payload)),
      ten.map(pinged),
      ten.map(pongReply),
    ),
  );
  group.pair('answers ten pings that arrive octet by octet', '5.5.3', (peer) =>
    staysOpen(
      octetwise(...ten.map((payload) => peer.frame(0x89, payload))),
      ten.map(pinged),
      ten.map(pongReply),
    ),
  );
  group.pair('answers a ping between two messages', '5.5.2', (peer) =>
    staysOpen(
      [peer.frame(0x81, text('a')) + peer.frame(0x89, '01') + peer.frame(0x81, text('b'))],
      [textMessage(text('a')), pinged('01'), textMessage(text('b'))],
      [pongReply('01')],
    ),
  );
  group.pair('answers a ping, then the close after it', '5.5.1', (peer) =>
    closesWith(1000, '', [peer.frame(0x89, '01') + peer.close(1000)], [pinged('01')], [pongReply('01')]),
  );
}

function addPongs(group) {
  for (const [what, payload] of [
    ['without payload', ''],
    ['with payload', text('unsolicited')],
    ['of 125 octets', run('00', 125)],
  ]) {
    group.pair(`takes an unsolicited pong ${what} without an answer`, '5.5.3', (peer) =>
      staysOpen([peer.frame(0x8a, payload)], [ponged(payload)]),
    );
  }
  group.pair('takes an unsolicited pong and answers the ping after it', '5.5.3', (peer) =>
    staysOpen(
      [peer.frame(0x8a, text('pong')), peer.frame(0x89, text('ping'))],
      [ponged(text('pong')), pinged(text('ping'))],
      [pongReply(text('ping'))],
    ),
  );
}

/** RFC 6455 5.5: all control frames MUST have a payload length of 125 bytes or less. */
function addOversized(group) {
  for (const [name, first] of [
    ['ping', 0x89],
    ['pong', 0x8a],
    ['close', 0x88],
  ]) {
    const prefix = name === 'close' ? closePayload(1000) : '';
    group.pair(`rejects a ${name} of 126 octets`, '5.5', (peer) =>
      failsWith(1002, [peer.frame(first, prefix + '61'.repeat(126 - prefix.length / 2))]),
    );
    group.pair(`rejects a ${name} of 126 octets at its header`, '5.5', (peer) =>
      failsWith(1002, [peer.frame(first, '', { length: 126 })]),
    );
    group.pair(`rejects a ${name} with a 64-bit length`, '5.5', (peer) =>
      failsWith(1002, [peer.frame(first, '', { length: 65536 })]),
    );
    group.pair(`rejects a ${name} whose short length has the long form`, '5.5', (peer) =>
      failsWith(1002, [peer.frame(first, closePayload(1000), { lengthBits: 16 })]),
    );
  }
  group.pair('answers the ping before an oversized one', '5.5', (peer) =>
    failsWith(
      1002,
      [peer.frame(0x89, '01') + peer.frame(0x89, '61'.repeat(126))],
      [pinged('01')],
      [pongReply('01')],
    ),
  );
}

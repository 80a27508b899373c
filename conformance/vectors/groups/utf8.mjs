import { parseSample, utf8Sections } from '../../utf8-samples.mjs';
import { cutAt, octetwise, text } from '../notation.mjs';
import {
  binaryMessage,
  failsWith,
  pinged,
  pongReply,
  staysOpen,
  textMessage,
  VectorGroup,
} from '../vector-group.mjs';

/** UTF-8 in text messages, RFC 6455 8.1: invalid octets fail the connection with 1007. */
export function utf8Vectors() {
  const group = new VectorGroup();
  for (const { section, samples } of utf8Sections()) {
    for (const [name, notation] of samples) addSample(group, `${section}: ${name}`, parseSample(notation));
  }
  addSingleOctets(group);
  addFastFailures(group);
  addScope(group);
  addCodePointCuts(group);
  return group.cases;
}

/** One sample whole, and over one-octet fragments; a malformed one also only up to the octet that proves it. */
function addSample(group, name, { bytes, isValid, badAt }) {
  const payload = bytes.toString('hex');
  if (isValid) {
    group.pair(`delivers the valid text of ${name}`, '8.1', (peer) =>
      staysOpen([peer.frame(0x81, payload)], [textMessage(payload)]),
    );
    group.one('server', `delivers, a fragment an octet, the valid text of ${name}`, '8.1', (peer) =>
      staysOpen(fragmentPerOctet(peer, payload), [textMessage(payload)]),
    );
    return;
  }
  group.pair(`rejects the malformed text of ${name}`, '8.1', (peer) =>
    failsWith(1007, [peer.frame(0x81, payload)]),
  );
  if (badAt === undefined) return;
  const proof = payload.slice(0, badAt * 2 + 2);
  group.one('server', `rejects, at the first bad octet, the text of ${name}`, '8.1', (peer) => {
    const claimed = bytes.length + 8;
    return failsWith(1007, octetwise(peer.frame(0x81, proof, { length: claimed })));
  });
  group.one('client', `rejects, a fragment an octet, the text of ${name}`, '8.1', (peer) =>
    failsWith(1007, unfinishedFragments(peer, proof)),
  );
}

/** Every octet from 80 to ff in first place, and every lead before an octet that continues nothing. */
function addSingleOctets(group) {
  for (let octet = 0x80; octet <= 0xff; octet += 1) {
    const hex = octet.toString(16);
    const isLead = octet >= 0xc2 && octet <= 0xf4;
    const proof = isLead ? `${hex}20` : hex;
    group.one('server', `rejects the octet ${hex} before a space`, '8.1', (peer) =>
      failsWith(1007, [peer.frame(0x81, proof, { length: 9 })]),
    );
  }
}

/** What the 6.4 cases of the well-known suites ask: fail when the bad octet is there, not when the message ends. */
function addFastFailures(group) {
  const good = 'cebae1bdb9cf83cebcceb5';
  group.pair('fails at a bad fragment, before the final one', '8.1', (peer) =>
    failsWith(1007, [peer.frame(0x01, good), peer.frame(0x00, 'f4908080')]),
  );
  group.pair('fails amid a bad fragment', '8.1', (peer) =>
    failsWith(1007, [peer.frame(0x01, good), peer.frame(0x00, 'f490', { length: 4 })]),
  );
  group.pair('fails at the third chunk of one frame', '8.1', (peer) => {
    const start = peer.frame(0x81, `${good}f490`, { length: 21 });
    return failsWith(1007, cutAt(start, start.length / 2 - 2, start.length / 2 - 1));
  });
  group.pair('fails at a code point cut by fragments and continued wrongly', '8.1', (peer) =>
    failsWith(1007, [
      peer.frame(0x01, 'e2'),
      peer.frame(0x00, '82'),
      peer.frame(0x00, '41', { length: 100 }),
    ]),
  );
  group.pair('fails at an overlong form cut between its octets by fragments', '8.1', (peer) =>
    failsWith(1007, [peer.frame(0x01, 'e0'), peer.frame(0x00, '9f', { length: 2 })]),
  );
  group.pair('fails at a surrogate cut between its octets by chunks', '8.1', (peer) => {
    const start = peer.frame(0x81, 'eda0', { length: 3 });
    return failsWith(1007, cutAt(start, start.length / 2 - 1));
  });
  group.pair('fails at a code point that the final empty fragment leaves open', '8.1', (peer) =>
    failsWith(1007, [peer.frame(0x01, 'e282'), peer.frame(0x80)]),
  );
  group.pair('fails on text, answers the ping before it', '8.1', (peer) =>
    failsWith(
      1007,
      [peer.frame(0x01, 'ce') + peer.frame(0x89, '01') + peer.frame(0x80, 'ff')],
      [pinged('01')],
      [pongReply('01')],
    ),
  );
  group.pair('delivers the text before a malformed one', '8.1', (peer) =>
    failsWith(1007, [peer.frame(0x81, good) + peer.frame(0x81, 'c0')], [textMessage(good)]),
  );
}

/** Where UTF-8 is asked for, and from where on. */
function addScope(group) {
  group.pair('forgets an open code point with its message', '8.1', (peer) =>
    staysOpen(
      [peer.frame(0x81, 'c3a4') + peer.frame(0x81, 'c3a4')],
      [textMessage('c3a4'), textMessage('c3a4')],
    ),
  );
  group.pair('does not ask binary messages for UTF-8', '8.1', (peer) =>
    staysOpen([peer.frame(0x02, 'c0'), peer.frame(0x80, 'ff')], [binaryMessage('c0ff')]),
  );
  group.pair('does not ask a malformed ping amid a text for UTF-8', '8.1', (peer) =>
    staysOpen(
      [peer.frame(0x01, 'e2'), peer.frame(0x89, 'c0ff'), peer.frame(0x80, '82ac')],
      [pinged('c0ff'), textMessage('e282ac')],
      [pongReply('c0ff')],
    ),
  );
  for (const position of [15, 16, 31, 63, 64]) {
    group.pair(`fails at a bad octet after ${position} octets of ASCII`, '8.1', (peer) =>
      failsWith(1007, [peer.frame(0x81, `${text('a'.repeat(position))}ff`, { length: 200 })]),
    );
  }
}

/** A code point of four octets, cut at every place by chunks and by fragments. */
function addCodePointCuts(group) {
  const smile = 'f09f9880';
  for (const cut of [1, 2, 3]) {
    group.pair(`delivers a code point cut by chunks after octet ${cut}`, '8.1', (peer) => {
      const whole = peer.frame(0x81, smile);
      return staysOpen(cutAt(whole, whole.length / 2 - 4 + cut), [textMessage(smile)]);
    });
    group.pair(`delivers a code point cut by fragments after octet ${cut}`, '8.1', (peer) =>
      staysOpen(
        [peer.frame(0x01, smile.slice(0, cut * 2)), peer.frame(0x80, smile.slice(cut * 2))],
        [textMessage(smile)],
      ),
    );
    group.pair(`rejects a code point that ends after octet ${cut}`, '8.1', (peer) =>
      failsWith(1007, [peer.frame(0x81, smile.slice(0, cut * 2))]),
    );
    group.pair(`rejects a code point that a new one replaces after octet ${cut}`, '8.1', (peer) =>
      failsWith(1007, [peer.frame(0x01, smile.slice(0, cut * 2)), peer.frame(0x00, 'f0', { length: 4 })]),
    );
  }
}

function fragmentPerOctet(peer, payload) {
  return [...unfinishedFragments(peer, payload), peer.frame(0x80)];
}

function unfinishedFragments(peer, payload) {
  return octetwise(payload).map((octet, index) => peer.frame(index === 0 ? 0x01 : 0x00, octet));
}

import { closePayload, cutAt, frame, octetwise, run, text } from '../notation.mjs';
import {
  binaryMessage,
  closesWith,
  pinged,
  pongReply,
  staysOpen,
  textMessage,
  VectorGroup,
} from '../vector-group.mjs';

/** Base framing, RFC 6455 5.2: lengths, masks, chunk boundaries. */
export function framingVectors() {
  const group = new VectorGroup();
  addExamples(group);
  addLengths(group);
  addMasks(group);
  addChunking(group);
  return group.cases;
}

/** The examples of RFC 6455 5.7, octet for octet. */
function addExamples(group) {
  const hello = textMessage(text('Hello'));
  group.one('client', 'delivers the unmasked Hello of the RFC', '5.7', () =>
    staysOpen(['810548656c6c6f'], [hello]),
  );
  group.one('server', 'delivers the masked Hello of the RFC', '5.7', () =>
    staysOpen(['818537fa213d7f9f4d5158'], [hello]),
  );
  group.one('client', 'delivers the fragmented Hello of the RFC', '5.7', () =>
    staysOpen(['010348656c', '80026c6f'], [hello]),
  );
  group.one('client', 'answers the ping of the RFC', '5.7', () =>
    staysOpen(['890548656c6c6f'], [pinged(text('Hello'))], [pongReply(text('Hello'))]),
  );
  group.one('server', 'takes the masked pong of the RFC', '5.7', () =>
    staysOpen(['8a8537fa213d7f9f4d5158'], [{ type: 'pong', data: text('Hello') }]),
  );
  group.one('client', 'delivers 256 octets of binary of the RFC', '5.7', () =>
    staysOpen([`827e0100${run('fe', 256)}`], [binaryMessage(run('fe', 256))]),
  );
  group.one('client', 'delivers 64 KiB of binary of the RFC', '5.7', () =>
    staysOpen([`827f0000000000010000${run('fe', 65536)}`], [binaryMessage(run('fe', 65536))]),
  );
}

/** Both sides of every boundary between the three encodings of the length. */
function addLengths(group) {
  for (const length of [0, 1, 2, 3, 4, 5, 7, 8, 9, 124, 125, 126, 127, 128, 255, 256, 65535, 65536]) {
    const payload = length < 10 ? text('012345678'.slice(0, length)) : run('2a', length);
    group.pair(`delivers a text of ${length} octets`, '5.2', (peer) =>
      staysOpen([peer.frame(0x81, payload)], [textMessage(payload)]),
    );
    group.pair(`delivers a binary message of ${length} octets`, '5.2', (peer) =>
      staysOpen([peer.frame(0x82, payload)], [binaryMessage(payload)]),
    );
  }
}

/** RFC 6455 5.3: octet i is masked with key octet i mod 4, wherever the frame lies in memory. */
function addMasks(group) {
  const payload = '000102030405060708090a0b0c0d0e0f';
  const keys = ['00000000', 'ffffffff', '00000001', '80000000', '12345678', '0000ff00', 'deadbeef'];
  for (const key of keys) {
    group.one('server', `unmasks under the key ${key}`, '5.3', () =>
      staysOpen([frame(0x82, payload, { key })], [binaryMessage(payload)]),
    );
  }
  group.one('server', 'unmasks frames that lie at every alignment of one chunk', '5.3', () => {
    const lengths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
    const payloads = lengths.map((length) => payload.slice(0, length * 2));
    const frames = payloads.map((part) => frame(0x82, part, { key: '37fa213d' }));
    return staysOpen([frames.join('')], payloads.map(binaryMessage));
  });
  group.one('server', 'unmasks under another key for each frame', '5.3', () =>
    staysOpen(
      [keys.map((key) => frame(0x82, payload, { key })).join('')],
      keys.map(() => binaryMessage(payload)),
    ),
  );
  for (let cut = 7; cut <= 21; cut += 1) {
    group.one('server', `keeps the phase of the mask over a cut at octet ${cut}`, '5.3', () =>
      staysOpen(cutAt(frame(0x82, payload, { key: '12345678' }), cut), [binaryMessage(payload)]),
    );
  }
  group.one('server', 'keeps the phase of the mask over many uneven cuts', '5.3', () =>
    staysOpen(cutAt(frame(0x82, payload, { key: 'a1b2c3d4' }), 1, 4, 7, 8, 11, 16, 19), [
      binaryMessage(payload),
    ]),
  );
}

function addChunking(group) {
  const payload = text('chunks');
  group.pair('delivers a text that arrives octet by octet', '5.2', (peer) =>
    staysOpen(octetwise(peer.frame(0x81, payload)), [textMessage(payload)]),
  );
  group.pair('delivers a 16-bit length that arrives octet by octet', '5.2', (peer) =>
    staysOpen(octetwise(peer.frame(0x82, '5a'.repeat(126))), [binaryMessage('5a'.repeat(126))]),
  );
  group.pair('delivers a 64-bit length whose header arrives in pieces', '5.2', (peer) => {
    const whole = peer.frame(0x82, run('11', 65536));
    return staysOpen(
      [...cutAt(whole.slice(0, 20), 1, 2, 5, 9), whole.slice(20)],
      [binaryMessage(run('11', 65536))],
    );
  });
  group.pair('delivers three messages from one chunk in order', '5.2', (peer) =>
    staysOpen(
      [peer.frame(0x81, text('a')) + peer.frame(0x82, 'bb') + peer.frame(0x81, text('c'))],
      [textMessage(text('a')), binaryMessage('bb'), textMessage(text('c'))],
    ),
  );
  group.pair('ignores empty chunks', '5.2', (peer) => {
    const [head, rest] = cutAt(peer.frame(0x81, payload), 1);
    return staysOpen(['', head, '', '', rest, ''], [textMessage(payload)]);
  });
  group.pair('reports nothing before the last octet', '5.2', (peer) =>
    staysOpen([peer.frame(0x81, payload).slice(0, -2)], []),
  );
  group.pair('delivers messages whose boundaries lie inside chunks', '5.2', (peer) => {
    const both = peer.frame(0x81, payload) + peer.frame(0x82, 'cafe') + peer.frame(0x88, closePayload(1000));
    return closesWith(1000, '', cutAt(both, 5, both.length / 2 - 3), [
      textMessage(payload),
      binaryMessage('cafe'),
    ]);
  });
}

import { octetwise, text } from '../notation.mjs';
import { failsWith, pinged, pongReply, textMessage, VectorGroup } from '../vector-group.mjs';

const OPCODES = Object.freeze({ text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa });

/** RSV1 to RSV3, RFC 6455 5.2: MUST be 0 unless an extension is negotiated. */
export function reservedBitVectors() {
  const group = new VectorGroup();
  for (let rsv = 1; rsv <= 7; rsv += 1) {
    for (const [name, opcode] of Object.entries(OPCODES)) {
      const payload = name === 'close' ? '03e8' : text('Hello');
      group.pair(`rejects a ${name} frame with RSV ${bits(rsv)}`, '5.2', (peer) =>
        failsWith(1002, [peer.frame(0x80 | (rsv << 4) | opcode, payload)]),
      );
    }
    group.pair(`rejects a continuation frame with RSV ${bits(rsv)}`, '5.2', (peer) =>
      failsWith(1002, [peer.frame(0x01, text('Hel')), peer.frame(0x80 | (rsv << 4), text('lo'))]),
    );
  }
  group.pair('delivers the text before a frame with RSV 010', '5.2', (peer) =>
    failsWith(
      1002,
      [peer.frame(0x81, text('first')) + peer.frame(0xa1, text('second'))],
      [textMessage(text('first'))],
    ),
  );
  group.pair('answers the ping before a frame with RSV 110', '5.2', (peer) =>
    failsWith(1002, [peer.frame(0x89, '01'), peer.frame(0xe9, '02')], [pinged('01')], [pongReply('01')]),
  );
  group.pair('ignores what follows a frame with RSV 100', '7.1.7', (peer) =>
    failsWith(1002, [
      peer.frame(0xc1, text('bad')) + peer.frame(0x81, text('good')) + peer.frame(0x89, '01'),
    ]),
  );
  group.pair('ignores chunks after a frame with RSV 001', '7.1.7', (peer) =>
    failsWith(1002, [peer.frame(0x91, text('bad')), peer.frame(0x81, text('good')), peer.close(1000)]),
  );
  group.pair('rejects an octet-wise frame with RSV 100', '5.2', (peer) =>
    failsWith(1002, octetwise(peer.frame(0xc2, 'cafe'))),
  );
  return group.cases;
}

function bits(rsv) {
  return rsv.toString(2).padStart(3, '0');
}

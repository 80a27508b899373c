import { octetwise, text } from '../notation.mjs';
import { failsWith, pinged, pongReply, textMessage, VectorGroup } from '../vector-group.mjs';

const RESERVED = Object.freeze([0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf]);

/** Reserved opcodes, RFC 6455 5.2: an unknown opcode fails the connection. */
export function opcodeVectors() {
  const group = new VectorGroup();
  for (const opcode of RESERVED) {
    const kind = opcode < 8 ? 'data' : 'control';
    group.pair(`rejects the reserved ${kind} opcode ${opcode}`, '5.2', (peer) =>
      failsWith(1002, [peer.frame(0x80 | opcode)]),
    );
    group.pair(`rejects the reserved ${kind} opcode ${opcode} with payload`, '5.2', (peer) =>
      failsWith(1002, [peer.frame(0x80 | opcode, text('reserved'))]),
    );
    group.pair(`delivers the text before the reserved ${kind} opcode ${opcode}`, '5.2', (peer) =>
      failsWith(
        1002,
        [peer.frame(0x81, text('before')) + peer.frame(0x80 | opcode, '00') + peer.frame(0x89, '01')],
        [textMessage(text('before'))],
      ),
    );
    group.pair(`rejects the reserved ${kind} opcode ${opcode} without FIN`, '5.2', (peer) =>
      failsWith(1002, [peer.frame(opcode, text('reserved'))]),
    );
  }
  group.pair('rejects a reserved data opcode amid a fragmented text', '5.2', (peer) =>
    failsWith(1002, [peer.frame(0x01, text('part')), peer.frame(0x83, text('what'))]),
  );
  group.pair('rejects a reserved control opcode amid a fragmented text', '5.2', (peer) =>
    failsWith(1002, [peer.frame(0x01, text('part')), peer.frame(0x8b, text('what'))]),
  );
  group.pair('rejects a reserved opcode that arrives octet by octet', '5.2', (peer) =>
    failsWith(
      1002,
      octetwise(peer.frame(0x89, '01'), peer.frame(0x87, text('what'))),
      [pinged('01')],
      [pongReply('01')],
    ),
  );
  return group.cases;
}

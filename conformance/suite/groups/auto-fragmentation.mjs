import { OPCODE } from '../frame.mjs';
import { binaryReply, fragments, repliesCase, textReply } from '../script.mjs';

/** Group 10: messages that the sender cuts into fragments of a fixed size, RFC 6455 5.4. */
export function autoFragmentationCases() {
  const payload = Buffer.alloc(65536, '*');
  const cases = [];
  for (const [kind, opcode, reply] of [
    ['text', OPCODE.text, textReply],
    ['binary', OPCODE.binary, binaryReply],
  ]) {
    for (const size of [1300, 125, 126, 65535]) {
      for (const writing of ['whole', 'frames', 1024]) {
        const id = `10.1.${cases.length + 1}`;
        const how = { whole: 'in one write', frames: 'a write each', 1024: 'in chops of 1024' }[writing];
        const title = `${kind} of 65536 octets in fragments of ${size}, ${how}, is echoed`;
        cases.push(
          repliesCase(id, title, '5.4', fragments(opcode, payload, size), [reply(payload)], { writing }),
        );
      }
    }
  }
  return cases;
}

/**
 * What the Socket.IO codec costs, beside `socket.io-parser` and bare JSON: `node bench/src/micro/socketio-parser.mjs`
 * after a build.
 */
import { createRequire } from 'node:module';
import { bench, run, summary } from 'mitata';
import * as upstream from 'socket.io-parser';

const require = createRequire(import.meta.url);
const { Decoder, Encoder, isBufferOrView } = require('../../../packages/protocol/dist/cjs/socketio/index.js');

const LIST = Array.from({ length: 100 }, (_, i) => ({ id: i, name: `user ${i}`, tags: ['a', 'b'] }));
const EVENTS = {
  'small event': ['message', 'hello world'],
  'object event': ['message', { id: 7, from: 'ada', text: 'hello world', at: 1_700_000_000_000 }],
  'list event': ['list', LIST],
  'binary event': ['file', { name: 'a.png', bytes: Buffer.alloc(1000) }],
};

let sink;
const keep = (value) => {
  sink = value;
};

const encoder = new Encoder({ isBinary: isBufferOrView });
const decoder = new Decoder({ onPacket: keep, onViolation: keep }, { maxPacketLength: 1_000_000 });
const theirEncoder = new upstream.Encoder();
const theirDecoder = new upstream.Decoder();
theirDecoder.on('decoded', keep);

for (const [name, data] of Object.entries(EVENTS)) {
  const packet = { type: 2, nsp: '/', data };
  const { text: written, attachments } = encoder.encode(packet);
  // As it comes off the wire: in one piece of memory.
  const text = Buffer.from(written).toString();
  const json = text.slice(text.indexOf('['));
  summary(() => {
    bench(`encode ${name}: ours`, () => keep(encoder.encode(packet)));
    bench(`encode ${name}: socket.io-parser`, () => keep(theirEncoder.encode(packet)));
    if (attachments.length === 0)
      bench(`encode ${name}: JSON.stringify`, () => keep(`2${JSON.stringify(data)}`));
  });
  summary(() => {
    bench(`decode ${name}: ours`, () => {
      decoder.receiveText(text);
      for (const attachment of attachments) decoder.receiveAttachment(attachment);
    });
    bench(`decode ${name}: socket.io-parser`, () => {
      theirDecoder.add(text);
      for (const attachment of attachments) theirDecoder.add(attachment);
    });
    bench(`decode ${name}: JSON.parse`, () => keep(JSON.parse(json)));
  });
}

await run();
if (sink === undefined) throw new Error('nothing was measured');

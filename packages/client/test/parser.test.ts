/** The client's parser, which is small, against the protocol's. */

import { Decoder as CoreDecoder, Encoder as CoreEncoder, isBufferOrView } from '@hawser/protocol/socketio';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultParser } from '../src/default-parser.ts';
import type { Packet } from '../src/parser.ts';

const core = new CoreEncoder({ isBinary: (value) => isBufferOrView(value) });
const encoder = new defaultParser.Encoder();

/** Returns the packets that messages bring, and `refused` where one is none. */
function decode(messages: readonly unknown[]): unknown[] {
  const packets: unknown[] = [];
  const decoder = new defaultParser.Decoder();
  decoder.on('decoded', (packet) => packets.push(packet));
  try {
    for (const message of messages) decoder.add(message);
  } catch {
    packets.push('refused');
  }
  return packets;
}

function decodeWithCore(messages: readonly unknown[]): unknown[] {
  const packets: unknown[] = [];
  const handler = {
    onPacket: (packet: unknown) => packets.push(packet),
    onViolation: () => packets.push('refused'),
  };
  const decoder = new CoreDecoder(handler, { maxPacketLength: Number.POSITIVE_INFINITY });
  for (const message of messages) {
    if (typeof message === 'string') decoder.receiveText(message);
    else decoder.receiveAttachment(message as Uint8Array);
  }
  return packets;
}

const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.jsonValue({ maxDepth: 1 }),
    fc.uint8Array({ maxLength: 4 }),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => bytes.buffer),
    fc.date({ noInvalidDate: true }),
    tie('value').map((inner) => ({ toJSON: () => inner })),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.string({ maxLength: 2 }), fc.constant('__proto__')), tie('value'), {
      maxKeys: 3,
    }),
  ),
})).value;

const packet = fc.record({
  type: fc.constantFrom(2, 3),
  nsp: fc.constantFrom('/', '/a', '/a?b=c'),
  id: fc.nat(),
  data: fc.array(value, { maxLength: 3 }).map((args) => ['name', ...args]),
}) as fc.Arbitrary<Packet>;

test('client writes events and answers as the protocol does', () => {
  fc.assert(
    fc.property(packet, (given) => {
      const { text, attachments } = core.encode(given);
      expect(encoder.encode(given)).toEqual([text, ...attachments]);
    }),
  );
});

test('client reads what it wrote, and what the protocol reads', () => {
  fc.assert(
    fc.property(packet, (given) => {
      const messages = encoder.encode(given);
      expect(decode(messages)).toEqual(decodeWithCore(messages));
    }),
  );
});

test('client reads a packet with no members that it does not have', () => {
  expect(decode(['0', '1/a,', '2["a"]', '31[]'])).toStrictEqual([
    { type: 0, nsp: '/' },
    { type: 1, nsp: '/a' },
    { type: 2, nsp: '/', data: ['a'] },
    { type: 3, nsp: '/', data: [], id: 1 },
  ]);
});

const BYTES = Uint8Array.of(1);

test.each<[string, ...unknown[]]>([
  ['0'],
  ['0{"sid":"a"}'],
  ['0/a,{"sid":"a"}'],
  ['0/a'],
  ['0[]'],
  ['0"a"'],
  ['01{}'],
  ['1'],
  ['1/a,'],
  ['1{}'],
  ['2["a"]'],
  ['2[1]'],
  ['2[null]'],
  ['2[]'],
  ['2{}'],
  ['2'],
  ['2["connect"]'],
  ['2["a'],
  ['2/a,12["a","\\u2028\n"]'],
  ['2/a,12["a",\n1]'],
  ['29007199254740991["a"]'],
  ['29007199254740993["a"]'],
  ['212345678901234567["a"]'],
  ['21-["a"]'],
  ['3["a"]'],
  ['31[]'],
  ['31{}'],
  ['4{"message":"a"}'],
  ['4"a"'],
  ['4'],
  ['4[]'],
  ['7'],
  [''],
  ['x'],
  ['5["a"]'],
  ['50-["a"]'],
  ['511-["a"]'],
  ['51-["a",{"_placeholder":true,"num":0}]', BYTES],
  ['52-["a",{"_placeholder":true,"num":1},{"b":{"_placeholder":true,"num":0}}]', BYTES, BYTES],
  ['51-["a",{"_placeholder":true,"num":1}]', BYTES],
  ['51-["a",{"_placeholder":true,"num":-1}]', BYTES],
  ['51-["a",{"_placeholder":true,"num":0.5}]', BYTES],
  ['51-["a",{"_placeholder":true,"num":"length"}]', BYTES],
  ['51-["a",{"_placeholder":true,"num":"0"}]', BYTES],
  ['51-["a",{"_placeholder":true}]', BYTES],
  ['51-["a",{"_placeholder":false,"num":0}]', BYTES],
  ['61-/a,7[{"_placeholder":true,"num":0}]', BYTES],
  ['61-[{"_placeholder":true,"num":0}]', BYTES],
  ['51-["a",{"_placeholder":true,"num":0}]', '2["b"]'],
  ['2["a"]', BYTES],
])('client takes %s as the protocol does', (...messages) => {
  expect(decode(messages)).toEqual(decodeWithCore(messages));
});

test('client lets no placeholder become a prototype', () => {
  expect(decode(['51-["a",{"__proto__":{"_placeholder":true,"num":0}}]', BYTES])).toEqual(['refused']);
});

test.each(['2["a"', '37[0'])('client takes as many arguments in %s… as the protocol does', (head) => {
  for (const count of [4095, 4096, 490_000]) {
    const text = `${head}${',0'.repeat(count)}]`;
    expect(decode([text])).toEqual(decodeWithCore([text]));
  }
});

test('client refuses deep data and goes on, or reads it', () => {
  const deep = `51-["a",${'['.repeat(200_000)}${']'.repeat(200_000)}]`;
  expect(decode([deep, BYTES])).toHaveLength(1);
});

test('client says at once when an argument contains itself', () => {
  const circle: unknown[] = ['a'];
  circle.push(circle);
  expect(() => encoder.encode({ type: 2, nsp: '/', data: circle })).toThrow();
});

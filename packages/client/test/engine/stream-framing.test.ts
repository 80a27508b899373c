import { encodeStreamFrame as encodeOfProtocol } from '@hawser/protocol/engineio';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeStreamFrame, StreamReader } from '../../src/engine/transports/stream-framing.ts';
import { natives } from '../../src/platform/node.ts';

const MAX_BYTES = 100_000;

const frame = fc.oneof(
  fc.string({ minLength: 1, unit: 'grapheme', maxLength: 300 }),
  fc.uint8Array({ minLength: 1, maxLength: 300 }),
  fc.constantFrom(125, 126, 127, 0xffff, 0x10000).map((size) => new Uint8Array(size)),
);

test('client writes frames as the protocol does', () => {
  fc.assert(
    fc.property(frame, (given) => {
      expect(Buffer.compare(encodeStreamFrame(given), encodeOfProtocol(natives, given))).toBe(0);
    }),
  );
});

test('client reads frames in any chunking', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 5 }),
      fc.integer({ min: 1, max: 5000 }),
      (frames, chunkBytes) => {
        const bytes = Buffer.concat(frames.map(encodeStreamFrame));
        const read: (string | Uint8Array)[] = [];
        const reader = new StreamReader(MAX_BYTES, (one) => read.push(one));
        for (let at = 0; at < bytes.length; at += chunkBytes)
          reader.receive(bytes.subarray(at, at + chunkBytes));
        const plain = (one: string | Uint8Array) => (typeof one === 'string' ? one : [...one]);
        expect(read.map(plain)).toEqual(frames.map(plain));
      },
    ),
  );
});

test('client reads an empty frame', () => {
  const read: unknown[] = [];
  new StreamReader(MAX_BYTES, (one) => read.push(one)).receive(Uint8Array.of(0, 1, 0x34));
  expect(read).toEqual(['', '4']);
});

test.each([
  ['in two bytes', [126, 0x01, 0x00]],
  ['in eight bytes', [127, 0, 0, 0, 0, 0, 0, 1, 0]],
  ['beyond all numbers', [127, 255, 255, 255, 255, 255, 255, 255, 255]],
])('client takes no frame that is announced as too long, %s', (_, bytes) => {
  const reader = new StreamReader(255, () => {});
  expect(() => reader.receive(Uint8Array.from(bytes))).toThrow('frame of more than 255 bytes');
});

import { describe, expect, test } from 'vitest';
import { Messages, MIN_MESSAGE_BYTES, sizeOf } from '../../src/bench/messages.ts';

describe.each([
  ['text', false],
  ['binary', true],
])('%s messages', (_kind, isBinary) => {
  test.each([MIN_MESSAGE_BYTES, 64, 16_384])(
    'of %i bytes have that size and give their number back',
    (size) => {
      const messages = new Messages(size, isBinary);
      for (const sequence of [0, 7, 9_999_999_999]) {
        const message = messages.make(sequence);
        expect(Buffer.byteLength(message)).toBe(size);
        expect(messages.sequenceOf(message)).toBe(sequence);
      }
    },
  );

  test('do not share their bytes', () => {
    const messages = new Messages(20, isBinary);
    const [first, second] = [messages.make(1), messages.make(2)];
    expect([messages.sequenceOf(first), messages.sequenceOf(second)]).toEqual([1, 2]);
  });
});

test('what is not a message of ours has no number', () => {
  const messages = new Messages(12, false);
  const others = [
    '',
    'hello',
    '0000000001',
    '00000000x1 a',
    '0000000001 and more',
    { a: 1 },
    null,
    undefined,
    5,
  ];
  expect(others.map((data) => messages.sequenceOf(data))).toEqual(others.map(() => undefined));
});

test('a message is known as an ArrayBuffer too', () => {
  const message = Buffer.from(new Messages(16, true).make(42));
  const copy = new Uint8Array(message).buffer;
  expect(new Messages(16, true).sequenceOf(copy)).toBe(42);
});

test('sizes are bytes: of UTF-8, of binary, of JSON for the rest', () => {
  const values = ['aé', Buffer.alloc(3), new ArrayBuffer(4), { a: 1 }, null, undefined];
  expect(values.map(sizeOf)).toEqual([3, 3, 4, 7, 4, 0]);
});

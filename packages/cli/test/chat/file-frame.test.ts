import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFileFrame, encodeFileFrame } from '../../src/chat/file-frame.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('file frame', () => {
  test('is the length of the header, the header, the body', () => {
    expect(encodeFileFrame({ a: 1 }, bytes(9, 8))).toEqual(bytes(0, 7, ...Buffer.from('{"a":1}'), 9, 8));
  });

  test('decoding gives the header and a view of the body', () => {
    const frame = encodeFileFrame({ name: 'ä' }, bytes(1, 2, 3));
    const decoded = decodeFileFrame(frame, 100);
    expect(decoded?.header).toEqual({ name: 'ä' });
    expect(decoded?.body).toEqual(bytes(1, 2, 3));
    expect(decoded?.body.buffer).toBe(frame.buffer);
  });

  test.each([
    ['nothing', bytes()],
    ['half a length', bytes(0)],
    ['a header cut short', bytes(0, 3, 0x7b)],
    ['a header that is not JSON', bytes(0, 2, 0x7b, 0x7b)],
    ['a header that is not UTF-8', bytes(0, 3, 0x22, 0xff, 0x22)],
    ['a header over the limit', bytes(0x01, 0x00, ...new Array(256).fill(0x20))],
  ])('%s is refused', (_what, frame) => {
    expect(decodeFileFrame(frame, 100)).toBeUndefined();
  });

  test('a header over 65,535 bytes cannot be written', () => {
    expect(() => encodeFileFrame({ name: 'x'.repeat(70_000) }, bytes())).toThrow(RangeError);
  });

  test('what was encoded is decoded, and nothing throws', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), fc.uint8Array(), (header, body) => {
        const decoded = decodeFileFrame(encodeFileFrame(header, body), 65_535);
        expect(JSON.stringify(decoded?.header)).toBe(JSON.stringify(header));
        expect(decoded?.body).toEqual(body);
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (frame) => void decodeFileFrame(frame, 100)));
  });
});

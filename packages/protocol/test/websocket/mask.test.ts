import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Chunk } from '../../src/websocket/chunk.ts';
import { applyMask, rotateMask } from '../../src/websocket/mask.ts';
import { bytes, embed, hex, isPaddingIntact, naiveMask, pattern } from './frame-notation.ts';
import { TestNatives } from './recorder.ts';

const KEYS = [0x3d21fa37, 0, -1, 0x04030201, 0x80000000 | 0, 0x01000080];

/** Masks a copy that lies `padding` bytes into a larger buffer and tells all that came of it. */
function mask(
  natives: TestNatives,
  data: Uint8Array,
  padding: number,
  start: number,
  end: number,
  key: number,
) {
  const copy = embed(data, padding);
  const isAscii = applyMask(natives, new Chunk(natives, copy, true), start, end, key);
  return { isAscii, data: hex(copy), isPaddingIntact: isPaddingIntact(copy) };
}

function expectedMask(data: Uint8Array, start: number, end: number, key: number) {
  const masked = naiveMask(data.subarray(start, end), key);
  const whole = data.slice();
  whole.set(masked, start);
  return { isAscii: masked.every((byte) => byte < 0x80), data: hex(whole), isPaddingIntact: true };
}

describe('RFC 6455 5.3 masking', () => {
  it('applyMask unmasks the "Hello" of section 5.7', () => {
    const natives = new TestNatives();
    const data = bytes('7f9f4d5158');
    expect(applyMask(natives, new Chunk(natives, data, true), 0, 5, 0x3d21fa37)).toBe(true);
    expect(hex(data)).toBe('48656c6c6f');
  });

  it('applyMask agrees with the formula at each alignment, start and short length', () => {
    const natives = new TestNatives();
    const data = pattern(200);
    for (let padding = 0; padding < 4; padding++) {
      for (let start = 0; start < 5; start++) {
        for (let length = 0; length < 72; length++) {
          const key = KEYS[length % KEYS.length]!;
          const got = mask(natives, data, padding, start, start + length, key);
          expect(got).toEqual(expectedMask(data, start, start + length, key));
        }
      }
    }
  });

  it('applyMask agrees with the formula for any bytes, bounds and key', () => {
    const natives = new TestNatives();
    const input = fc.record({
      data: fc.uint8Array({ maxLength: 3000, size: 'max' }),
      padding: fc.nat(7),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      to: fc.double({ min: 0, max: 1, noNaN: true }),
      key: fc.integer(),
    });
    fc.assert(
      fc.property(input, ({ data, padding, from, to, key }) => {
        const [start, end] = [from, to].map((at) => Math.round(at * data.length)).sort((a, b) => a - b);
        expect(mask(natives, data, padding, start!, end!, key)).toEqual(
          expectedMask(data, start!, end!, key),
        );
      }),
      { numRuns: 150 },
    );
  });

  it.each([0, 1, 40, 126, 127])('applyMask tells ASCII from a high bit at byte %i', (at) => {
    const natives = new TestNatives();
    const ascii = new Uint8Array(128).fill(0x61);
    const mixed = ascii.slice();
    mixed[at] = 0xc3;
    expect(mask(natives, naiveMask(ascii, -2), 1, 0, 128, -2).isAscii).toBe(true);
    expect(mask(natives, naiveMask(mixed, -2), 1, 0, 128, -2).isAscii).toBe(false);
  });

  it('applyMask leaves a long payload to the vector code of the runtime', () => {
    const natives = new TestNatives();
    const calls: number[][] = [];
    natives.mask = (_, start, end, key) => calls.push([start, end, key]) > 0;
    const chunk = new Chunk(natives, pattern(8192), true);
    expect(applyMask(natives, chunk, 5, 8000, 7)).toBe(true);
    expect(applyMask(natives, chunk, 5, 205, 7)).toBe(false);
    expect(calls).toEqual([[5, 8000, 7]]);
  });

  it('rotateMask turns the key to the byte that comes next', () => {
    const turned = [0, 1, 2, 3, 4, 7].map((count) => (rotateMask(0x04030201, count) >>> 0).toString(16));
    expect(turned).toEqual(['4030201', '1040302', '2010403', '3020104', '4030201', '3020104']);
  });
});

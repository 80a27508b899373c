import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UTF8_ACCEPT, UTF8_REJECT, validateUtf8 } from '../../src/websocket/utf8.ts';
import { anyText } from './arbitraries.ts';
import { bytes, concat, cut, utf8 } from './frame-notation.ts';
import { TestNatives } from './recorder.ts';

const natives = new TestNatives();

/** The bytes that bound the ranges of RFC 3629 section 4, and some within. */
const EDGES = [
  0x00, 0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
  0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
];

/** Text, near-text and noise; the runs are long enough for the runtime's own validator. */
const nearText = fc
  .array(
    fc.oneof(
      anyText(40).map(utf8),
      fc.nat(140).map((length) => new Uint8Array(length).fill(0x61)),
      fc
        .constantFrom(...['c3a9', 'e282ac', 'f09f9880', 'eda080', 'f4908080', 'c0af', 'e282', '80'])
        .map(bytes),
      fc.array(fc.constantFrom(...EDGES), { maxLength: 4 }).map((edges) => Uint8Array.from(edges)),
    ),
    { maxLength: 6 },
  )
  .map(concat);

/** What the standard's own decoder, given the same bytes as the beginning of a stream, says of them. */
function expectedState(data: Uint8Array): 'accept' | 'reject' | 'open' {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    decoder.decode(data, { stream: true });
  } catch {
    return 'reject';
  }
  try {
    decoder.decode();
    return 'accept';
  } catch {
    return 'open';
  }
}

function stateOf(pieces: readonly Uint8Array[]): 'accept' | 'reject' | 'open' {
  let state: number = UTF8_ACCEPT;
  for (const piece of pieces) state = validateUtf8(natives, state, piece, 0, piece.length);
  return state === UTF8_ACCEPT ? 'accept' : state === UTF8_REJECT ? 'reject' : 'open';
}

describe('RFC 3629 4 UTF-8', () => {
  it('validateUtf8 rejects a long piece that does not go on with the open character', () => {
    const ascii = new Uint8Array(100).fill(0x61);
    expect(stateOf([bytes('e282'), ascii])).toBe('reject');
    expect(stateOf([bytes('e282'), concat([bytes('ac'), ascii])])).toBe('accept');
  });

  it.each([
    ['nothing', ''],
    ['the first of one byte', '00'],
    ['the last of one byte', '7f'],
    ['the first of two bytes', 'c280'],
    ['the last of two bytes', 'dfbf'],
    ['the first of three bytes', 'e0a080'],
    ['the last before the surrogates', 'ed9fbf'],
    ['the first after the surrogates', 'ee8080'],
    ['the last of three bytes', 'efbfbf'],
    ['the first of four bytes', 'f0908080'],
    ['the last of all', 'f48fbfbf'],
    ['a byte order mark', 'efbbbf'],
  ])('validateUtf8 accepts %s', (_, text) => {
    expect(stateOf([bytes(text)])).toBe('accept');
  });

  it.each([
    ['a lone continuation byte', '80'],
    ['an overlong slash of two bytes', 'c0'],
    ['an overlong form of three bytes', 'e09f'],
    ['an overlong form of four bytes', 'f08f'],
    ['a high surrogate', 'eda0'],
    ['a low surrogate', 'edb0'],
    ['more than U+10FFFF', 'f490'],
    ['a lead byte of five', 'f8'],
    ['FF', 'ff'],
    ['a lead byte where a continuation is due', 'e282c3'],
    ['ASCII where a continuation is due', 'f09f9861'],
  ])('validateUtf8 rejects %s at its last byte, and not before', (_, text) => {
    const data = bytes(text);
    expect(stateOf([data])).toBe('reject');
    expect(stateOf([data.subarray(0, -1)])).not.toBe('reject');
  });

  it.each(['61', '80', 'ff', '61'.repeat(100), 'ff'.repeat(100)])(
    'validateUtf8 keeps rejecting when %s follows',
    (text) => {
      expect(stateOf([bytes('ff'), bytes(text)])).toBe('reject');
    },
  );

  it.each([1, 100])(
    'validateUtf8 closes or rejects an open character at the start of a piece of %i more bytes',
    (more) => {
      const letters = '61'.repeat(more);
      expect(stateOf([bytes('e282'), bytes(`ac${letters}`)])).toBe('accept');
      expect(stateOf([bytes('e282'), bytes(`61${letters}`)])).toBe('reject');
    },
  );

  it('validateUtf8 looks only at the bytes between its bounds', () => {
    const data = bytes('ff e282ac ff');
    expect(validateUtf8(natives, UTF8_ACCEPT, data, 1, 4)).toBe(UTF8_ACCEPT);
  });

  it('validateUtf8 agrees with TextDecoder about each pair of bytes that begins beyond ASCII', () => {
    for (let pair = 0x8000; pair < 65_536; pair++) {
      const data = Uint8Array.of(pair >> 8, pair & 0xff);
      if (stateOf([data]) !== expectedState(data)) throw new Error(`about ${pair.toString(16)}`);
    }
  });

  it('validateUtf8 agrees with TextDecoder about each four of the bytes at the bounds', () => {
    for (const lead of [0xc2, 0xe0, 0xe1, 0xed, 0xf0, 0xf1, 0xf4, 0xf5]) {
      for (const second of EDGES) {
        for (const third of [0x7f, 0x80, 0xbf, 0xc0]) {
          for (const fourth of [0x7f, 0x80, 0xbf, 0xc0]) {
            const data = Uint8Array.of(lead, second, third, fourth);
            expect(stateOf([data])).toBe(expectedState(data));
          }
        }
      }
    }
  });

  it('validateUtf8 agrees with TextDecoder about any bytes, in any pieces', () => {
    fc.assert(
      fc.property(
        fc.oneof(nearText, fc.uint8Array()),
        fc.array(fc.nat(400), { maxLength: 4 }),
        (data, cuts) => {
          const pieces = cut(
            data,
            cuts.map((at) => at % (data.length + 1)),
          );
          expect(stateOf(pieces)).toBe(expectedState(data));
        },
      ),
      { numRuns: 600 },
    );
  });

  it('validateUtf8 fails at the first bad byte of any bytes', () => {
    fc.assert(
      fc.property(nearText, (data) => {
        let end = 0;
        while (end < data.length && expectedState(data.subarray(0, end + 1)) !== 'reject') end++;
        expect(stateOf([data.subarray(0, end)])).not.toBe('reject');
        if (end < data.length) expect(stateOf([data.subarray(0, end + 1)])).toBe('reject');
      }),
      { numRuns: 100 },
    );
  });
});

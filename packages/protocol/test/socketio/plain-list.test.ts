import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTextList, writePlainList } from '../../src/socketio/plain-list.ts';

const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      'a',
      '"',
      '\\',
      '\n',
      '\u0000',
      '\u001f',
      '\u007f',
      'ü',
      '\u2028',
      '\ud83d',
      '\ude00',
    ),
  }),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom(null, undefined, -0, {}, [], 1e21, 1n),
);

describe('lists of plain values, written', () => {
  it('list is written as JSON.stringify writes it, or not at all', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), (values) => {
        const json = writePlainList('', values);
        if (json !== null) expect(json).toBe(JSON.stringify(values));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    [[], '[]'],
    [[1], '[1]'],
    [[1, 'a', 'b', 2], '[1,"a","b",2]'],
    [['e'], '["e"]'],
    [['e', 'hellø\u007f', 1, -0, 1.5e300, true, false], '["e","hellø\u007f",1,0,1.5e+300,true,false]'],
  ])('list %j is %s', (values, json) => {
    expect(writePlainList('', values)).toBe(json);
  });

  it.each([
    ['a quote', '"'],
    ['a backslash', '\\'],
    ['a control character', '\u001f'],
    ['a lone surrogate', '\ud800'],
    ['a pair of them', '😀'],
    ['no number', Number.NaN],
    ['nothing', undefined],
    ['null', null],
    ['a BigInt', 1n],
    ['an object', {}],
    ['a list', []],
  ])('list with %s is left to others', (_name, odd) => {
    expect(writePlainList('', ['e', odd])).toBeNull();
    expect(writePlainList('', [odd, 'e'])).toBeNull();
  });
});

describe('lists of texts, read', () => {
  const parse = (json: string): unknown => {
    try {
      return JSON.parse(json);
    } catch {
      return 'no JSON';
    }
  };

  it('list is read as JSON.parse reads it, or not at all', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '["',
        '"]',
        '","',
        '"',
        ',',
        '[',
        ']',
        '\\',
        '\n',
        '\u007f',
        '\ud83d',
        'ü',
        ' ',
        '1',
        '["a"]',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        for (const json of [pieces.join(''), `["${pieces.join('')}"]`]) {
          const texts = readTextList(`2${json}`, 1);
          if (texts !== null) expect(texts).toEqual(parse(json));
        }
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['["e"]', ['e']],
    ['["",""]', ['', '']],
    ['["e","hellø 😀\u007f"," "]', ['e', 'hellø 😀\u007f', ' ']],
    [JSON.stringify(['e', 'x'.repeat(246)]), ['e', 'x'.repeat(246)]],
  ])('%s is read', (json, texts) => {
    expect(readTextList(`21${json}`, 2)).toEqual(texts);
  });

  it.each([
    ['nothing', ''],
    ['a list of nothing', '[]'],
    ['a number', '["e",1]'],
    ['a number first', '[1,"e"]'],
    ['a space between', '["e", "a"]'],
    ['an escape', '["e","\\n"]'],
    ['a control character', '["e","\n"]'],
    ['a text alone', '"e"'],
    ['a longer list', JSON.stringify(['e', 'x'.repeat(247)])],
    ['a text without an end', '["e","]'],
    ['a list without an end', '["e"'],
    ['two texts with nothing between', '["a""b"]'],
    ['a comma too many', '["a",]'],
    ['a bracket too many', '["a"]]'],
    ['another behind', '["a"],["b"]'],
  ])('%s is left to JSON.parse', (_, json) => {
    expect(readTextList(`21${json}`, 2)).toBeNull();
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatExtensions,
  hasToken,
  headerValue,
  isFieldValue,
  isToken,
  parseExtensions,
  parseProtocols,
} from '../../src/websocket/header-fields.ts';
import { anyText } from './arbitraries.ts';

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCXYZabcxyz";
const token = fc.string({ unit: fc.constantFrom(...TOKEN_CHARACTERS), minLength: 1, maxLength: 12 });
/** Linear work on the longest input here takes a few milliseconds, quadratic work several seconds. */
const MAX_LINEAR_MS = 500;

/** Header-like noise: what the grammars are made of, in any order. */
const noise = fc.string({ unit: fc.constantFrom(...'a=1;,"\\ \t.\xa0\xff\x00€'), maxLength: 60 });

describe('RFC 9110 5.6.2 tokens', () => {
  it('isToken accepts each token character and no other', () => {
    const characters = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(isToken);
    const expected = [..."!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~"];
    expect(characters).toEqual(expected);
  });

  it.each(['', 'a b', 'a\n', '\na', 'a,b', 'é'])('isToken rejects %j', (text) => {
    expect(isToken(text)).toBe(false);
  });
});

describe('RFC 9110 5.5 field values', () => {
  it.each(['', 'a b', '\t', 'é', '"quoted"'])('isFieldValue accepts %j', (text) => {
    expect(isFieldValue(text)).toBe(true);
  });

  it.each(['a\r\nX: y', 'a\n', '\r', '\0', '\x7f', '€'])('isFieldValue rejects %j', (text) => {
    expect(isFieldValue(text)).toBe(false);
  });

  it.each([
    [undefined, undefined],
    ['', ''],
    ['a', 'a'],
    [['a', 'b'], 'a, b'],
  ])('headerValue makes of %j one value', (value, joined) => {
    expect(headerValue({ name: value }, 'name')).toBe(joined);
  });

  it.each(['upgrade', 'Upgrade', 'keep-alive, Upgrade', 'keep-alive,UPGRADE ,', ['keep-alive', 'upgrade']])(
    'hasToken finds "upgrade" in %j',
    (value) => {
      expect(hasToken({ connection: value }, 'connection', 'upgrade')).toBe(true);
    },
  );

  it.each([undefined, '', 'upgraded', 'keep-alive upgrade', 'x-upgrade', []])(
    'hasToken finds no "upgrade" in %j',
    (value) => {
      expect(hasToken({ connection: value }, 'connection', 'upgrade')).toBe(false);
    },
  );
});

describe('RFC 6455 11.3.4 subprotocols', () => {
  it.each([
    [undefined, []],
    ['chat', ['chat']],
    ['chat, superchat', ['chat', 'superchat']],
    ['b ,\ta', ['b', 'a']],
    ['Chat, chat', ['Chat', 'chat']],
  ])('parseProtocols reads %j', (value, protocols) => {
    expect(parseProtocols(value)).toEqual(protocols);
  });

  it.each(['', ' ', 'a b', 'a, a', 'a;b', '"a"'])('parseProtocols rejects %j', (value) => {
    expect(parseProtocols(value)).toBeNull();
  });
});

describe('RFC 6455 9.1 extensions', () => {
  it.each([
    [undefined, []],
    ['foo', [{ name: 'foo', params: [] }]],
    [
      'foo, bar',
      [
        { name: 'foo', params: [] },
        { name: 'bar', params: [] },
      ],
    ],
    ['foo;a', [{ name: 'foo', params: [['a', true]] }]],
    [
      'foo; a=1 ;b',
      [
        {
          name: 'foo',
          params: [
            ['a', '1'],
            ['b', true],
          ],
        },
      ],
    ],
    ['foo; a = 1', [{ name: 'foo', params: [['a', '1']] }]],
    ['foo; a="1"', [{ name: 'foo', params: [['a', '1']] }]],
    ['foo; a="x\\y"', [{ name: 'foo', params: [['a', 'xy']] }]],
    [
      'foo; a=1; a=2',
      [
        {
          name: 'foo',
          params: [
            ['a', '1'],
            ['a', '2'],
          ],
        },
      ],
    ],
    [
      'permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate',
      [
        {
          name: 'permessage-deflate',
          params: [
            ['client_max_window_bits', true],
            ['server_max_window_bits', '10'],
          ],
        },
        { name: 'permessage-deflate', params: [] },
      ],
    ],
  ])('parseExtensions reads %j', (value, extensions) => {
    expect(parseExtensions(value)).toEqual(extensions);
  });

  it.each([
    '',
    ',',
    'foo,',
    ';a',
    'foo;',
    'foo;;a',
    'foo; a=',
    'foo; =1',
    'foo; a="',
    'foo; a="x',
    'foo; a="x"y',
    'foo; a="x\\"',
    'foo; a=""',
    'foo; a="b c"',
    'foo; a="b,c"',
    'foo; a="b;c"',
    'foo; a=1=2',
    'foo bar',
    'foo"bar',
    'foo; a"b',
    '"foo"',
    'foo, bar;',
  ])('parseExtensions rejects %j', (value) => {
    expect(parseExtensions(value)).toBeNull();
  });

  it('formatExtensions writes names and parameters in order', () => {
    const extensions = [
      {
        name: 'foo',
        params: [
          ['a', true],
          ['b', '1'],
        ],
      },
      { name: 'bar', params: [] },
    ] as const;
    expect(formatExtensions(extensions)).toBe('foo; a; b=1, bar');
    expect(formatExtensions([])).toBe('');
  });

  it('parseExtensions reads whatever formatExtensions writes', () => {
    const value = fc.oneof(fc.constant<true>(true), token);
    const extension = fc.record({ name: token, params: fc.array(fc.tuple(token, value), { maxLength: 4 }) });
    fc.assert(
      fc.property(fc.array(extension, { minLength: 1, maxLength: 4 }), (extensions) => {
        expect(parseExtensions(formatExtensions(extensions))).toEqual(extensions);
      }),
      { numRuns: 200 },
    );
  });

  it('parseExtensions reads any quoted token as the token', () => {
    fc.assert(
      fc.property(token, (value) => {
        const escaped = [...value].map((character) => `\\${character}`).join('');
        expect(parseExtensions(`x; a="${value}"; b="${escaped}"`)).toEqual([
          {
            name: 'x',
            params: [
              ['a', value],
              ['b', value],
            ],
          },
        ]);
      }),
      { numRuns: 100 },
    );
  });
});

describe('any header', () => {
  it('parsers throw at no value, and give back only tokens', () => {
    fc.assert(
      fc.property(fc.oneof(noise, anyText(30)), (value) => {
        for (const protocol of parseProtocols(value) ?? []) expect(isToken(protocol)).toBe(true);
        for (const { name, params } of parseExtensions(value) ?? []) {
          const tokens = [name, ...params.flat().filter((part) => part !== true)];
          expect(tokens.every(isToken)).toBe(true);
        }
        hasToken({ name: value }, 'name', 'a');
      }),
      { numRuns: 250 },
    );
  });

  it.each([
    ['quotes', '"'],
    ['escapes', 'a="\\'],
    ['delimiters', ',;'],
    ['blanks', ' \t'],
    ['open strings', 'a="b,'],
  ])('parseExtensions reads 64 KiB of %s in linear time', (_, unit) => {
    const value = `x; a=${unit.repeat(65_536 / unit.length)}`;
    const startMs = performance.now();
    parseExtensions(value);
    parseProtocols(value);
    expect(performance.now() - startMs).toBeLessThan(MAX_LINEAR_MS);
  });
});

import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QueryReader } from '../src/query.ts';
import { StringPool } from '../src/string-pool.ts';

const queries = new QueryReader(new StringPool());
const queryOf = (url: string) => queries.read({ url } as IncomingMessage)._query;

/** Members as clients write them, and anything else that may stand in a URL. */
const query = fc.oneof(
  fc
    .array(fc.tuple(fc.stringMatching(/^[\w.-]{0,4}$/), fc.stringMatching(/^[\w.-]{0,4}$/)), { maxLength: 4 })
    .map((members) => members.map((member) => member.join('=')).join('&')),
  fc.stringMatching(/^[ab=&%+.;?_/0-9-]*$/),
);

describe('query of a request', () => {
  test('query is read as the standard reads it', () => {
    fc.assert(
      fc.property(query, (text) => {
        expect(queryOf(`/engine.io/?${text}`)).toStrictEqual(Object.fromEntries(new URLSearchParams(text)));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['/engine.io/', {}],
    ['/engine.io/?', {}],
    [
      '/engine.io/?EIO=4&transport=polling&t=a.b-c_1&sid=',
      { EIO: '4', transport: 'polling', t: 'a.b-c_1', sid: '' },
    ],
    ['/engine.io/?a=1&a=2', { a: '2' }],
    ['/engine.io/?a=%41+b#c', { a: 'A b' }],
  ])('query of %s', (url, members) => {
    expect(queryOf(url)).toEqual(members);
  });

  test('what a program does to the query of one request is not in that of the next', () => {
    const url = '/engine.io/?EIO=4&transport=websocket';
    const first = queryOf(url);
    first.EIO = '3';
    first.added = 'yes';
    expect(queryOf(url)).toEqual({ EIO: '4', transport: 'websocket' });
  });

  test('query that a framework read is left alone', () => {
    const read = { EIO: '4' };
    const request = { url: '/engine.io/?EIO=3', _query: read } as unknown as IncomingMessage;
    expect(queries.read(request)._query).toBe(read);
  });

  test('query names no prototype', () => {
    const members = queryOf('/engine.io/?__proto__=a&constructor=b');
    expect(Object.getPrototypeOf(members)).toBe(Object.prototype);
    expect(Object.keys(members)).toEqual(['__proto__', 'constructor']);
  });
});

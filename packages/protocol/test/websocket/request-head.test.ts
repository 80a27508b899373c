import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BadRequestHead,
  type RequestHead,
  RequestHeadReader,
} from '../../src/websocket/request-head.ts';
import { concat, cut, textOf, utf8 } from './frame-notation.ts';
import { TestNatives } from './recorder.ts';

const REQUEST = 'GET /chat?room=1 HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n\r\n';

/** Linear work on the longest input here takes a few milliseconds, quadratic work several seconds. */
const MAX_LINEAR_MS = 500;

type Result = { head: RequestHead; rest: Uint8Array } | BadRequestHead | null;

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function open(maxBytes = 1000): RequestHeadReader {
  return new RequestHeadReader(new TestNatives(), maxBytes);
}

/** Reads a whole request and says what came of it; headers as plain pairs. */
function read(text: string, maxBytes?: number): unknown {
  return summary(open(maxBytes).read(latin1(text)));
}

function summary(result: Result): unknown {
  if (result === null || 'status' in result) return result;
  const { method, url, httpVersion, headers } = result.head;
  return { method, url, httpVersion, headers: Object.entries(headers), rest: textOf(result.rest) };
}

function withHeaders(...lines: readonly string[]): string {
  return ['GET / HTTP/1.1', ...lines, '', ''].join('\r\n');
}

function headersOf(...lines: readonly string[]): unknown {
  return (read(withHeaders(...lines)) as { headers?: unknown }).headers;
}

describe('RFC 9112 3 request line', () => {
  it('server reads method, target, version and headers', () => {
    expect(read(REQUEST)).toEqual({
      method: 'GET',
      url: '/chat?room=1',
      httpVersion: '1.1',
      headers: [
        ['host', 'example.org'],
        ['upgrade', 'websocket'],
      ],
      rest: '',
    });
  });

  it('server reads a request without headers', () => {
    expect(read('PATCH * HTTP/1.0\r\n\r\n')).toMatchObject({
      method: 'PATCH',
      url: '*',
      httpVersion: '1.0',
      headers: [],
    });
  });

  it.each([
    '',
    'GET',
    'GET /',
    'GET  / HTTP/1.1',
    'GET / HTTP/1.1 ',
    'GET /a b HTTP/1.1',
    'GET / HTTP/11',
    'GET / http/1.1',
    ' GET / HTTP/1.1',
    'G(T / HTTP/1.1',
    'GET / HTTP/1.1\nHost: a',
    'GET\t/\tHTTP/1.1',
  ])('server rejects the request line %j', (line) => {
    expect(read(`${line}\r\n\r\n`)).toEqual({ status: 400, message: 'the request line is malformed' });
  });
});

describe('RFC 9112 5 header lines', () => {
  it('server takes the blanks around a value away', () => {
    expect(headersOf('A: \t b c \t', 'B:', 'C:c')).toEqual([
      ['a', 'b c'],
      ['b', ''],
      ['c', 'c'],
    ]);
  });

  it('server keeps a value that ends in a byte which is a blank only in Unicode', () => {
    // The last byte of "à" in UTF-8 is A0, a no-break space in Latin-1.
    expect(headersOf('A: \xc3\xa0')).toEqual([['a', '\xc3\xa0']]);
  });

  it('server joins repeated headers by commas and cookies by semicolons', () => {
    expect(headersOf('X: 1', 'x: 2', 'Cookie: a=1', 'COOKIE: b=2')).toEqual([
      ['x', '1, 2'],
      ['cookie', 'a=1; b=2'],
    ]);
  });

  it('server keeps headers that are named like members of an object', () => {
    expect(headersOf('__proto__: 1', 'constructor: 2')).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
  });

  it.each([
    'no colon',
    ': empty name',
    'bad name: 1',
    'name : 1',
    ' folded: 1',
    '\tfolded',
    'name: a\nb',
    'name: a\rb',
    'name: \x00',
    'name: \x7f',
    'na(me: 1',
  ])('server rejects the header line %j', (line) => {
    expect(read(withHeaders(line))).toEqual({ status: 400, message: 'a header line is malformed' });
  });

  it('server rejects a repeated Host', () => {
    expect(read(withHeaders('Host: a', 'host: b'))).toEqual({
      status: 400,
      message: 'the Host header is repeated',
    });
  });

  it.each([
    ['blanks before a bad byte', `A:${' '.repeat(64_000)}\x01`],
    ['blanks between letters', `A: a${' '.repeat(64_000)}b`],
    ['a name without a colon', 'a'.repeat(64_000)],
    ['colons', ':'.repeat(64_000)],
  ])('server reads a line of 64 KB of %s in linear time', (_, line) => {
    const startMs = performance.now();
    read(withHeaders(line), 70_000);
    expect(performance.now() - startMs).toBeLessThan(MAX_LINEAR_MS);
  });
});

describe('request head in pieces', () => {
  it('server waits until the head is complete', () => {
    const reader = open();
    expect(reader.read(latin1(REQUEST.slice(0, 20)))).toBeNull();
    expect(reader.read(new Uint8Array(0))).toBeNull();
    expect(reader.read(latin1(REQUEST.slice(20, -1)))).toBeNull();
    expect(summary(reader.read(latin1('\n')))).toEqual(read(REQUEST));
  });

  it('server hands over what follows the head', () => {
    expect(read(`${REQUEST}\r\n\r\nrest`)).toMatchObject({ rest: '\r\n\r\nrest' });
  });

  it('server reads the same from any pieces', () => {
    const whole = latin1(`${REQUEST}rest`);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 8 }), (positions) => {
        const reader = open();
        const pieces = cut(whole, positions);
        let result: Result = null;
        let next = 0;
        while (result === null) result = reader.read(pieces[next++]!);
        const { rest, ...head } = summary(result) as { rest: string };
        expect(head).toEqual({ ...(read(REQUEST) as object), rest: undefined });
        expect(rest + textOf(concat(pieces.slice(next)))).toBe('rest');
      }),
      { numRuns: 100 },
    );
  });

  it('server reads a head as long as the limit', () => {
    expect(read(REQUEST, REQUEST.length)).toMatchObject({ method: 'GET' });
    expect(read(`${REQUEST}rest`, REQUEST.length)).toMatchObject({ rest: 'rest' });
  });

  it.each([
    ['a head one byte over the limit', REQUEST, REQUEST.length - 1],
    ['an unfinished head over the limit', REQUEST.slice(0, -2), REQUEST.length - 3],
  ])('server refuses %s with 431', (_, text, maxBytes) => {
    const message = `the request head is over the limit of ${maxBytes} bytes`;
    expect(read(text, maxBytes)).toEqual({ status: 431, message });
  });

  it.each([
    ['a TLS client', '\x16'],
    ['a frame', '\x81\x8c'],
    ['an empty line', '\r'],
    ['a header of a proxy', '\r\n\r\n\0\r\nQUIT\n'],
  ])('server refuses what %s begins with at its first byte', (_, text) => {
    const reader = open(16_384);
    expect(reader.read(Buffer.alloc(0))).toBeNull();
    expect(reader.read(Buffer.from(text, 'latin1'))).toEqual({
      status: 400,
      message: 'the request line is malformed',
    });
  });

  it('server refuses an endless head at the byte that crosses the limit', () => {
    const reader = open(50);
    for (let i = 0; i < 50; i++) expect(reader.read(utf8('a'))).toBeNull();
    expect(reader.read(utf8('a'))).toMatchObject({ status: 431 });
  });

  it('server copies at most a few times what comes in byte by byte', () => {
    const natives = new TestNatives();
    const reader = new RequestHeadReader(natives, 16_384);
    for (let i = 0; i < 16_384; i++) reader.read(utf8('a'));
    expect(natives.allocatedBytes).toBeLessThan(16 * 16_384);
  });
});

describe('any request head', () => {
  it('server throws at no bytes', () => {
    const line = fc.oneof(
      fc.constantFrom('GET / HTTP/1.1', 'Host: a', '__proto__: 1', ': ', 'X', 'Content-Length: 0'),
      fc.string({ maxLength: 20 }),
    );
    const nearHead = fc.array(line, { maxLength: 6 }).map((lines) => utf8(`${lines.join('\r\n')}\r\n\r\n`));
    fc.assert(
      fc.property(fc.oneof(nearHead, fc.uint8Array()), (data) => {
        const result = open().read(data);
        if (result !== null && 'status' in result) expect([400, 431]).toContain(result.status);
      }),
      { numRuns: 300 },
    );
  });
});

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeaderMap } from '../../src/websocket/header-fields.ts';
import { acceptInput, judgeRequest } from '../../src/websocket/server-handshake.ts';

/** The request of RFC 6455 section 1.3. */
const HEADERS: HeaderMap = Object.freeze({
  host: 'server.example.com',
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
});

function judge(headers: HeaderMap, line: { method?: string | undefined; httpVersion?: string } = {}) {
  return judgeRequest({ method: 'GET', httpVersion: '1.1', ...line, headers: { ...HEADERS, ...headers } });
}

describe('RFC 6455 4.2.1 reading the opening handshake', () => {
  it('server accepts the request of section 1.3', () => {
    expect(judge({})).toEqual({
      isAcceptable: true,
      key: 'dGhlIHNhbXBsZSBub25jZQ==',
      protocols: [],
      extensions: [],
    });
  });

  it.each([
    { 'content-length': '1' },
    { 'content-length': '-0' },
    { 'transfer-encoding': 'chunked' },
    { 'transfer-encoding': '' },
  ])('server rejects a request with a body, announced by %o', (headers) => {
    expect(judge(headers)).toMatchObject({
      isAcceptable: false,
      status: 400,
      message: 'a request with a body cannot open a WebSocket',
    });
  });

  it('server accepts an announced body of no bytes', () => {
    expect(judge({ 'content-length': '0' })).toMatchObject({ isAcceptable: true });
  });

  it('server hands on subprotocols and extensions', () => {
    const headers = {
      'sec-websocket-protocol': ['chat', 'superchat'],
      'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
    };
    expect(judge(headers)).toMatchObject({
      protocols: ['chat', 'superchat'],
      extensions: [{ name: 'permessage-deflate', params: [['client_max_window_bits', true]] }],
    });
  });

  it.each([
    ['other case', { upgrade: 'WebSocket', connection: 'upgrade' }],
    ['lists', { upgrade: 'h2c, websocket', connection: 'keep-alive, Upgrade' }],
    ['blanks', { 'sec-websocket-key': ' dGhlIHNhbXBsZSBub25jZQ== ', 'sec-websocket-version': ' 13 ' }],
  ])('server accepts headers with %s', (_, headers) => {
    expect(judge(headers)).toMatchObject({ isAcceptable: true, key: 'dGhlIHNhbXBsZSBub25jZQ==' });
  });

  it.each(['POST', 'get', undefined])('server refuses the method %s with 405', (method) => {
    expect(judge({}, { method })).toMatchObject({
      isAcceptable: false,
      status: 405,
      headers: { Allow: 'GET' },
    });
  });

  it('server refuses a plain request with 426 and a sentence that helps', () => {
    expect(judge({ upgrade: undefined })).toEqual({
      isAcceptable: false,
      status: 426,
      message: expect.stringContaining('new WebSocket(url)'),
      headers: { Upgrade: 'websocket' },
    });
  });

  it.each([
    ['no host', { host: undefined }, 'Host'],
    ['another upgrade', { upgrade: 'h2c' }, '"h2c"'],
    ['no connection', { connection: undefined }, 'Connection'],
    ['another connection', { connection: 'keep-alive' }, 'Connection'],
    ['no key', { 'sec-websocket-key': undefined }, 'Sec-WebSocket-Key'],
    ['a key of 15 bytes', { 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAA' }, 'Sec-WebSocket-Key'],
    ['a key of 17 bytes', { 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAAA=' }, 'Sec-WebSocket-Key'],
    ['a key that is not base64', { 'sec-websocket-key': '!GhlIHNhbXBsZSBub25jZQ==' }, 'Sec-WebSocket-Key'],
    ['two keys', { 'sec-websocket-key': ['dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ=='] }, 'Key'],
    ['a bad subprotocol', { 'sec-websocket-protocol': 'a b' }, 'Sec-WebSocket-Protocol'],
    ['a repeated subprotocol', { 'sec-websocket-protocol': 'a, a' }, 'Sec-WebSocket-Protocol'],
    ['a bad extension', { 'sec-websocket-extensions': 'a;' }, 'Sec-WebSocket-Extensions'],
  ])('server refuses %s with 400', (_, headers, word) => {
    expect(judge(headers)).toEqual({
      isAcceptable: false,
      status: 400,
      message: expect.stringContaining(word),
      headers: {},
    });
  });

  it.each(['1.0', '2.0', ''])('server refuses HTTP/%s with 400', (httpVersion) => {
    expect(judge({}, { httpVersion })).toMatchObject({
      status: 400,
      message: expect.stringContaining('HTTP/1.1'),
    });
  });

  it.each([undefined, '', '8', '12', '14', '013', ['13', '13']])(
    'server refuses the version %j with 426',
    (version) => {
      expect(judge({ 'sec-websocket-version': version })).toMatchObject({
        status: 426,
        headers: { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' },
      });
    },
  );

  it('server cuts what it quotes', () => {
    const { message } = judge({ upgrade: 'x'.repeat(10_000) }) as { message: string };
    expect(message.length).toBeLessThan(150);
  });

  it('server throws at no headers', () => {
    const value = fc.oneof(fc.constant(undefined), fc.string(), fc.array(fc.string(), { maxLength: 3 }));
    const headers = fc.record(Object.fromEntries(Object.keys(HEADERS).map((name) => [name, value])));
    fc.assert(
      fc.property(headers, fc.option(fc.string(), { nil: undefined }), value, value, (some, method, p, e) => {
        const all = { ...some, 'sec-websocket-protocol': p, 'sec-websocket-extensions': e };
        expect(judgeRequest({ method, httpVersion: '1.1', headers: all })).toHaveProperty(
          'isAcceptable',
          false,
        );
        judge({ 'sec-websocket-protocol': p, 'sec-websocket-extensions': e });
      }),
      { numRuns: 150 },
    );
  });
});

describe('RFC 6455 4.2.2 accept', () => {
  it('acceptInput gives what hashes to the accept of section 1.3', () => {
    const hash = createHash('sha1').update(acceptInput('dGhlIHNhbXBsZSBub25jZQ=='));
    expect(hash.digest('base64')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });
});

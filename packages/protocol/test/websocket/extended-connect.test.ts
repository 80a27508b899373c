import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  connectAcceptance,
  connectRefusal,
  judgeConnect,
  judgeConnectResponse,
} from '../../src/websocket/extended-connect.ts';
import type { HeaderMap } from '../../src/websocket/header-fields.ts';

const HEADERS: HeaderMap = Object.freeze({
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':scheme': 'https',
  ':path': '/chat',
  ':authority': 'example.test',
  'sec-websocket-version': '13',
});

const DEFLATE = { name: 'permessage-deflate', params: [] } as const;

function judge(headers: HeaderMap = {}, hasEnded = false) {
  return judgeConnect({ headers: { ...HEADERS, ...headers }, hasEnded });
}

describe('RFC 8441 5 judging the request', () => {
  it('server accepts the request of section 5.1', () => {
    const headers = {
      'sec-websocket-protocol': 'chat, superchat',
      'sec-websocket-extensions': 'permessage-deflate',
      origin: 'http://www.example.com',
    };
    expect(judge(headers)).toEqual({
      isAcceptable: true,
      protocols: ['chat', 'superchat'],
      extensions: [DEFLATE],
    });
  });

  it.each([
    ['the other scheme', { ':scheme': 'http' }],
    ['a host in place of the authority', { ':authority': undefined, host: 'example.test' }],
    ['a length of 0', { 'content-length': '0' }],
    ['another case of the protocol', { ':protocol': 'WebSocket' }],
    ['a key, which means nothing here', { 'sec-websocket-key': 'x' }],
  ])('server accepts %s', (_, headers) => {
    expect(judge(headers)).toMatchObject({ isAcceptable: true });
  });

  it.each([
    ['another method', { ':method': 'GET' }, 405, /CONNECT/],
    ['no method', { ':method': undefined }, 405, /CONNECT/],
    ['no protocol', { ':protocol': undefined }, 501, /proxy/],
    ['another protocol', { ':protocol': 'connect-udp' }, 501, /connect-udp/],
    ['another scheme', { ':scheme': 'ftp' }, 400, /scheme/],
    ['no scheme', { ':scheme': undefined }, 400, /scheme/],
    ['no path', { ':path': undefined }, 400, /path/],
    ['an empty path', { ':path': '' }, 400, /path/],
    ['no authority', { ':authority': undefined }, 400, /authority/],
    ['a length', { 'content-length': '5' }, 400, /body/],
    ['a malformed subprotocol', { 'sec-websocket-protocol': 'a b' }, 400, /Protocol/],
    ['a malformed extension', { 'sec-websocket-extensions': '"' }, 400, /Extensions/],
  ])('server refuses %s', (_, headers, status, message) => {
    expect(judge(headers)).toMatchObject({ isAcceptable: false, status });
    expect(judge(headers)).toHaveProperty('message', expect.stringMatching(message));
  });

  it('server refuses a stream that ended with the request', () => {
    expect(judge({}, true)).toMatchObject({ isAcceptable: false, status: 400 });
  });

  it.each([undefined, '8', '13, 8'])('server refuses the version %s and names its own', (version) => {
    expect(judge({ 'sec-websocket-version': version })).toMatchObject({
      status: 400,
      headers: { 'Sec-WebSocket-Version': '13' },
    });
  });

  it('server judges whatever comes without throwing', () => {
    const value = fc.option(fc.string(), { nil: undefined });
    const names = fc.constantFrom(...Object.keys(HEADERS), 'content-length', 'sec-websocket-extensions');
    fc.assert(
      fc.property(fc.dictionary(names, value), fc.boolean(), (headers, hasEnded) => {
        expect(typeof judge(headers, hasEnded).isAcceptable).toBe('boolean');
      }),
    );
  });
});

describe('RFC 8441 5 response', () => {
  it('server accepts with no header of its own', () => {
    expect(connectAcceptance({ protocol: '', extensions: [], headers: {} })).toEqual({});
  });

  it('server accepts with subprotocol, extensions and further headers in lower case', () => {
    const headers = { 'Set-Cookie': ['a=1', 'b=2'], 'X-One': '1' };
    expect(connectAcceptance({ protocol: 'chat', extensions: [DEFLATE], headers })).toEqual({
      'sec-websocket-protocol': 'chat',
      'sec-websocket-extensions': 'permessage-deflate',
      'set-cookie': ['a=1', 'b=2'],
      'x-one': ['1'],
    });
  });

  it('server refuses with the type and the length of its body', () => {
    expect(connectRefusal(7, {})).toEqual({
      'content-length': '7',
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
  });

  it('server leaves out what HTTP/2 has no place for, and joins what differs in case', () => {
    const headers = {
      Upgrade: 'websocket',
      'Keep-Alive': 'x',
      'X-A': '1',
      'x-a': ['2'],
      'Content-Type': 'a/b',
    };
    expect(connectRefusal(0, headers)).toEqual({
      'content-length': '0',
      'content-type': ['a/b'],
      'x-content-type-options': 'nosniff',
      'x-a': ['1', '2'],
    });
  });

  it.each([
    ['a line break', { 'X-A': 'a\r\nb' }],
    ['a pseudo-header field', { ':status': '200' }],
    ['a header of the connection', { Connection: 'close' }],
  ])('server throws at %s', (_, headers) => {
    const misuse = expect.objectContaining({ code: 'WS_ERR_HEADER_ARGUMENT' });
    expect(() => connectRefusal(0, headers)).toThrow(misuse);
    expect(() => connectAcceptance({ protocol: '', extensions: [], headers })).toThrow(misuse);
  });
});

describe('RFC 8441 5 judging the answer', () => {
  const answer = (status: number, headers: HeaderMap = {}, protocols: readonly string[] = []) =>
    judgeConnectResponse({ status, headers }, { protocols, extensions: [] });

  it('client accepts a 200', () => {
    expect(answer(200)).toEqual({ isAccepted: true, protocol: '', extensions: [] });
    expect(answer(200, { 'sec-websocket-protocol': 'b' }, ['a', 'b'])).toMatchObject({ protocol: 'b' });
  });

  it.each([101, 204, 302, 403, 501])('client rejects the status %i and tells it', (status) => {
    expect(answer(status)).toEqual({
      isAccepted: false,
      code: 'WS_ERR_UNEXPECTED_STATUS',
      message: expect.stringContaining(String(status)),
    });
  });

  it('client rejects a choice that it did not offer', () => {
    expect(answer(200, { 'sec-websocket-protocol': 'c' })).toMatchObject({
      code: 'WS_ERR_INVALID_PROTOCOL_HEADER',
    });
    expect(answer(200, { 'sec-websocket-extensions': 'x' })).toMatchObject({
      code: 'WS_ERR_INVALID_EXTENSIONS_HEADER',
    });
  });
});

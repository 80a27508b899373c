import { describe, expect, it } from 'vitest';
import { formatAcceptance, formatRefusal } from '../../src/websocket/response-head.ts';

const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

describe('RFC 6455 4.2.2 response', () => {
  it('server accepts with the four headers that are always there', () => {
    expect(formatAcceptance({ accept: ACCEPT, protocol: '', extensions: [], headers: {} })).toBe(
      [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${ACCEPT}`,
        '',
        '',
      ].join('\r\n'),
    );
  });

  it('server accepts with subprotocol, extensions and further headers', () => {
    const extensions = [{ name: 'permessage-deflate', params: [['server_max_window_bits', '10']] }] as const;
    const headers = { 'Set-Cookie': 'a=1', 'X-Empty': '' };
    const lines = formatAcceptance({ accept: ACCEPT, protocol: 'chat', extensions, headers }).split('\r\n');
    expect(lines.slice(4)).toEqual([
      'Sec-WebSocket-Protocol: chat',
      'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10',
      'Set-Cookie: a=1',
      'X-Empty: ',
      '',
      '',
    ]);
  });

  it('server sends a line for each value of a list', () => {
    const headers = { 'Set-Cookie': ['a=1', 'b=2'], 'X-None': [] };
    expect(
      formatAcceptance({ accept: ACCEPT, protocol: '', extensions: [], headers }).split('\r\n').slice(4),
    ).toEqual(['Set-Cookie: a=1', 'Set-Cookie: b=2', '', '']);
  });

  it('server refuses with a status and the length of the body', () => {
    expect(formatRefusal(426, 10, { Upgrade: 'websocket' })).toBe(
      [
        'HTTP/1.1 426 Upgrade Required',
        'Content-Length: 10',
        'Connection: close, Upgrade',
        'Content-Type: text/plain; charset=utf-8',
        'X-Content-Type-Options: nosniff',
        'Upgrade: websocket',
        '',
        '',
      ].join('\r\n'),
    );
  });

  it('server refuses with the Content-Type that it is given, in any case', () => {
    const head = formatRefusal(403, 2, { 'content-type': 'application/json', 'x-content-type-options': 'x' });
    expect(head).toContain('\r\nConnection: close\r\n');
    expect(head.match(/^x-content-type-options:/gim)).toHaveLength(1);
    expect(head.match(/^content-type:/gim)).toHaveLength(1);
    expect(head).toContain('\r\ncontent-type: application/json\r\n');
  });

  it('server refuses with a status that has no phrase here', () => {
    expect(formatRefusal(418, 0, {})).toMatch(/^HTTP\/1\.1 418 \r\n/);
  });

  it.each([
    ['a name that is no token', { 'bad name': '1' }],
    ['an empty name', { '': '1' }],
    ['a name that ends the line', { 'a\r\nb': '1' }],
    ['a value that ends the line', { a: '1\r\nb: 2' }],
    ['a value with a line feed', { a: '1\n' }],
    ['a value that is no Latin-1', { a: '€' }],
  ])('server throws at a header with %s', (_, headers) => {
    const usageError = expect.objectContaining({ code: 'WS_ERR_HEADER_ARGUMENT' });
    expect(() => formatAcceptance({ accept: ACCEPT, protocol: '', extensions: [], headers })).toThrow(
      usageError,
    );
    expect(() => formatRefusal(400, 0, headers)).toThrow(usageError);
  });

  it.each([
    'Connection',
    'Upgrade',
    'Sec-WebSocket-Accept',
    'sec-websocket-protocol',
    'Sec-WebSocket-Extensions',
  ])('server throws at %s in an acceptance: it is the handshake that decides', (name) => {
    const headers = { [name]: 'x' };
    expect(() => formatAcceptance({ accept: ACCEPT, protocol: '', extensions: [], headers })).toThrow(
      expect.objectContaining({ code: 'WS_ERR_HEADER_ARGUMENT' }),
    );
  });

  it.each(['connection', 'Content-Length', 'Transfer-Encoding'])(
    'server throws at %s in a refusal',
    (name) => {
      expect(() => formatRefusal(400, 0, { [name]: '1' })).toThrow(
        expect.objectContaining({ code: 'WS_ERR_HEADER_ARGUMENT' }),
      );
    },
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HandshakeOffer, judgeResponse } from '../../src/websocket/client-handshake.ts';
import type { HeaderMap } from '../../src/websocket/header-fields.ts';

const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const DEFLATE = { name: 'permessage-deflate', params: [] } as const;

const HEADERS: HeaderMap = Object.freeze({
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-accept': ACCEPT,
});

function judge(headers: HeaderMap, offer: Partial<HandshakeOffer> = {}, status = 101) {
  const response = { status, headers: { ...HEADERS, ...headers } };
  return judgeResponse(response, { expectedAccept: ACCEPT, protocols: [], extensions: [], ...offer });
}

describe('RFC 6455 4.1 judging the answer', () => {
  it('client accepts the answer of section 1.3', () => {
    expect(judge({})).toEqual({ isAccepted: true, protocol: '', extensions: [] });
  });

  it.each([
    ['other case', { upgrade: 'WebSocket', connection: 'upgrade' }],
    ['a list in Connection', { connection: 'keep-alive, Upgrade' }],
    ['blanks', { upgrade: ' websocket ', 'sec-websocket-accept': ` ${ACCEPT} ` }],
  ])('client accepts headers with %s', (_, headers) => {
    expect(judge(headers)).toMatchObject({ isAccepted: true });
  });

  it('client accepts the subprotocol and the extension that it offered', () => {
    const headers = { 'sec-websocket-protocol': 'b', 'sec-websocket-extensions': 'permessage-deflate; x=1' };
    expect(judge(headers, { protocols: ['a', 'b'], extensions: [DEFLATE] })).toEqual({
      isAccepted: true,
      protocol: 'b',
      extensions: [{ name: 'permessage-deflate', params: [['x', '1']] }],
    });
  });

  it.each([200, 302, 401, 426, 503])('client rejects the status %i and tells it', (status) => {
    expect(judge({}, {}, status)).toEqual({
      isAccepted: false,
      code: 'WS_ERR_UNEXPECTED_STATUS',
      message: expect.stringContaining(String(status)),
    });
  });

  it.each([
    ['no Upgrade', { upgrade: undefined }, 'WS_ERR_INVALID_UPGRADE_HEADER'],
    ['two upgrades', { upgrade: 'h2c, websocket' }, 'WS_ERR_INVALID_UPGRADE_HEADER'],
    ['no Connection', { connection: undefined }, 'WS_ERR_INVALID_CONNECTION_HEADER'],
    ['another Connection', { connection: 'close' }, 'WS_ERR_INVALID_CONNECTION_HEADER'],
    ['no accept', { 'sec-websocket-accept': undefined }, 'WS_ERR_INVALID_ACCEPT_HEADER'],
    [
      'an accept in other case',
      { 'sec-websocket-accept': ACCEPT.toLowerCase() },
      'WS_ERR_INVALID_ACCEPT_HEADER',
    ],
    ['two accepts', { 'sec-websocket-accept': [ACCEPT, ACCEPT] }, 'WS_ERR_INVALID_ACCEPT_HEADER'],
    ['a subprotocol', { 'sec-websocket-protocol': 'a' }, 'WS_ERR_INVALID_PROTOCOL_HEADER'],
    ['an empty subprotocol', { 'sec-websocket-protocol': '' }, 'WS_ERR_INVALID_PROTOCOL_HEADER'],
    ['an extension', { 'sec-websocket-extensions': 'x-unknown' }, 'WS_ERR_INVALID_EXTENSIONS_HEADER'],
    ['a bad extension', { 'sec-websocket-extensions': ',' }, 'WS_ERR_INVALID_EXTENSIONS_HEADER'],
  ])('client that offered nothing rejects %s', (_, headers, code) => {
    expect(judge(headers)).toMatchObject({ isAccepted: false, code });
  });

  it.each([
    ['none of', undefined],
    ['another than', 'c'],
    ['in other case one of', 'A'],
    ['two of', 'a, b'],
    ['twice one of', ['a', 'a']],
  ])('client rejects a server that chose %s its subprotocols', (_, value) => {
    const answer = judge({ 'sec-websocket-protocol': value }, { protocols: ['a', 'b'] });
    expect(answer).toMatchObject({ isAccepted: false, code: 'WS_ERR_INVALID_PROTOCOL_HEADER' });
  });

  it('client rejects an offered "subprotocol" that is no token', () => {
    const answer = judge({ 'sec-websocket-protocol': 'a b' }, { protocols: ['a b'] });
    expect(answer).toMatchObject({ isAccepted: false, code: 'WS_ERR_INVALID_PROTOCOL_HEADER' });
  });

  it('client rejects one extension too many and names it', () => {
    const answer = judge(
      { 'sec-websocket-extensions': 'permessage-deflate, x-b' },
      { extensions: [DEFLATE] },
    );
    expect(answer).toMatchObject({
      code: 'WS_ERR_INVALID_EXTENSIONS_HEADER',
      message: expect.stringContaining('"x-b"'),
    });
  });

  it('client throws at no headers', () => {
    const value = fc.oneof(fc.constant(undefined), fc.string(), fc.array(fc.string(), { maxLength: 3 }));
    fc.assert(
      fc.property(value, value, value, value, value, (upgrade, connection, accept, protocol, extensions) => {
        const lists = { 'sec-websocket-protocol': protocol, 'sec-websocket-extensions': extensions };
        judge(lists, { protocols: ['a'], extensions: [DEFLATE] });
        const answer = judge({ upgrade, connection, 'sec-websocket-accept': accept, ...lists });
        expect(answer).toHaveProperty('isAccepted', false);
      }),
      { numRuns: 150 },
    );
  });
});

import { describe, expect, test } from 'vitest';
import type { ICookie, request as Request } from 'websocket';
import type { Journal } from '../rig/journal.ts';
import { LIBRARIES } from '../rig/libraries.ts';
import { playServer, type ServerScenario } from '../rig/scenarios.ts';

const accept =
  (protocol?: string | null, origin?: string, cookies?: unknown): ServerScenario['request'] =>
  (request, journal) => {
    try {
      const connection = request.accept(protocol, origin, cookies as ICookie[]);
      journal.note('accepted', connection.protocol, connection.extensions, connection.webSocketVersion);
      journal.note(
        'address',
        connection.remoteAddress,
        connection.closeReasonCode,
        connection.closeDescription,
      );
      connection.close();
      return connection;
    } catch (error) {
      journal.note('threw', error);
      return undefined;
    }
  };

const reject =
  (...args: Parameters<Request['reject']>): ServerScenario['request'] =>
  (request, journal) => {
    request.on('requestRejected', (rejected) => journal.note('rejected', rejected === request));
    request.on('requestResolved', (resolved) => journal.note('resolved', resolved === request));
    request.reject(...args);
    journal.attempt('reject again', () => request.reject());
    journal.attempt('accept after all', () => request.accept());
    return undefined;
  };

function inspect(request: Request, journal: Journal): undefined {
  const { host, resource, resourceURL, remoteAddress, remoteAddresses, key, webSocketVersion, origin } =
    request;
  journal.note('request', { host, resource, remoteAddress, remoteAddresses, key, webSocketVersion, origin });
  journal.note('url', { ...resourceURL, query: { ...resourceURL.query } });
  journal.note('lists', request.requestedProtocols, request.requestedExtensions, request.cookies);
  journal.note('map', request.protocolFullCaseMap, request.httpRequest.url);
  request.reject();
}

const cookie = (extra: object): ServerScenario => ({
  request: accept(null, undefined, [{ name: 'a', value: 'b', ...extra }]),
});

const READ: Record<string, ServerScenario> = {
  'a plain request': { request: inspect },
  'a path with a query': { request: inspect, path: '/a/b?x=1&y=%20z&x=2' },
  subprotocols: { request: inspect, headers: { 'Sec-WebSocket-Protocol': 'Chat, super.CHAT,third' } },
  extensions: {
    request: inspect,
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits; a=10, X-Other' },
  },
  'extensions that are not to be parsed': {
    request: inspect,
    headers: { 'Sec-WebSocket-Extensions': 'x' },
    config: { parseExtensions: false } as ServerScenario['config'] & object,
  },
  cookies: { request: inspect, headers: { Cookie: 'a=1; b="quoted"; c=%20x; flag; d=e=f' } },
  'cookies that are not to be parsed': {
    request: inspect,
    headers: { Cookie: 'a=%' },
    config: { parseCookies: false } as ServerScenario['config'] & object,
  },
  'X-Forwarded-For': { request: inspect, headers: { 'X-Forwarded-For': '10.0.0.1, 10.0.0.2' } },
  'X-Forwarded-For that is ignored': {
    request: inspect,
    headers: { 'X-Forwarded-For': '10.0.0.1' },
    config: { ignoreXForwardedFor: true },
  },
  'an origin': { request: inspect, headers: { Origin: 'http://example.test' } },
  'version 8': {
    request: inspect,
    headers: { 'Sec-WebSocket-Version': '8', 'Sec-WebSocket-Origin': 'http://old.test', Origin: 'x' },
  },
};

const ANSWERED: Record<string, ServerScenario> = {
  'accept()': { request: accept() },
  'a protocol in the case of the client': {
    request: accept('chat'),
    headers: { 'Sec-WebSocket-Protocol': 'CHAT, other' },
  },
  'a protocol in another case': { request: accept('Chat'), headers: { 'Sec-WebSocket-Protocol': 'CHAT' } },
  'a protocol that was not requested': {
    request: accept('other'),
    headers: { 'Sec-WebSocket-Protocol': 'chat' },
  },
  'an origin': { request: accept(null, 'http://example.test') },
  'an origin of version 8': {
    request: accept(null, 'http://old.test'),
    headers: { 'Sec-WebSocket-Version': '8' },
  },
  'an origin that would break its line': { request: accept(null, 'http://x\r\nSet-Cookie: a=b') },
  'a cookie with everything': cookie({
    path: '/x',
    domain: 'Example.TEST',
    expires: new Date(0),
    maxage: '90',
    secure: true,
    httponly: true,
  }),
  'two cookies': {
    request: accept(null, undefined, [
      { name: 'a', value: '"quoted"' },
      { name: 'b', value: 'c\r\nd; e', maxage: 1.6 },
    ]),
  },
  'two cookies of one name': {
    request: accept(null, undefined, [
      { name: 'a', value: 'b' },
      { name: 'a', value: 'c' },
    ]),
  },
  'cookies that are no list': { request: accept(null, undefined, { name: 'a', value: 'b' }) },
  'a cookie without a value': cookie({ value: '' }),
  'a cookie with a bad name': cookie({ name: 'a,b' }),
  'a cookie with a bad value': cookie({ value: 'a"b' }),
  'a cookie with a bad path': cookie({ path: '/;x' }),
  'a cookie with a bad domain': cookie({ domain: 'x y' }),
  'a cookie with a domain that is no text': cookie({ domain: 1 }),
  'a cookie with a bad date': cookie({ expires: 'tomorrow' }),
  'a cookie with a bad age': cookie({ maxage: -1 }),
  'a cookie with a bad secure': cookie({ secure: 'yes' }),
  'a cookie with a bad httponly': cookie({ httponly: 'yes' }),
  'reject()': { request: reject() },
  'reject() with a status and a reason': { request: reject(404, 'not\r\nhere') },
  'reject() with headers': { request: reject(401, 'who?', { 'WWW-Authenticate': 'Basic\r\n', 'X-N\n': 1 }) },
};

const REFUSED: Record<string, ServerScenario> = {
  'without a key': { headers: { 'Sec-WebSocket-Key': undefined } },
  'without a version': { headers: { 'Sec-WebSocket-Version': undefined } },
  'of a version that is no number': { headers: { 'Sec-WebSocket-Version': 'x' } },
  'of version 7': { headers: { 'Sec-WebSocket-Version': '7' } },
  'with a cookie that is badly encoded': { headers: { Cookie: 'a=%' } },
};

describe.each([
  ['server reads', READ],
  ['server answers with', ANSWERED],
  ['server refuses a request', REFUSED],
])('%s', (_, scenarios) => {
  test.each(Object.entries(scenarios))('%s', async (_name, scenario) => {
    const expected = await playServer(LIBRARIES.upstream, scenario);
    expect(await playServer(LIBRARIES.ours, scenario)).toEqual(expected);
  });
});

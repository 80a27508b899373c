import { WebSocket } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { failClient, makeClient, next } from '../rig/clients.ts';
import { startRawServer } from '../rig/raw-server.ts';

const SYNTAX_ERROR = expect.objectContaining({ name: 'SyntaxError', constructor: DOMException });

/** Nobody listens there: the client fails later, which these tests do not wait for. */
const HOST = '127.0.0.1:1';

/** Makes a client of a server and returns the request that comes in. */
async function requestOf(path: string, protocols?: unknown) {
  const server = await startRawServer();
  const client = makeClient(`${server.url.slice(0, -1)}${path}`, protocols as string[]);
  const head = await (await server.accept()).head();
  client.terminate();
  return { ...head, client };
}

describe('WHATWG WebSocket(url), URL parsing', () => {
  test.each([
    ['a path', `ws://${HOST}/a/b`, `ws://${HOST}/a/b`],
    ['no path', `ws://${HOST}`, `ws://${HOST}/`],
    ['a query', `ws://${HOST}/?a=b&c`, `ws://${HOST}/?a=b&c`],
    ['a query without a path', `ws://${HOST}?a`, `ws://${HOST}/?a`],
    ['dot segments', `ws://${HOST}/a/./b/../c`, `ws://${HOST}/a/c`],
    ['backslashes', `ws:\\\\${HOST}\\a`, `ws://${HOST}/a`],
    ['one slash', `ws:/${HOST}/`, `ws://${HOST}/`],
    ['upper case in scheme and host', `WS://LocalHost:1/A`, 'ws://localhost:1/A'],
    ['surrounding white space', ` \t\nws://${HOST}/ \n`, `ws://${HOST}/`],
    ['line breaks inside', `ws://${HOST}/a\nb\tc`, `ws://${HOST}/abc`],
    ['a space in the path', `ws://${HOST}/a b`, `ws://${HOST}/a%20b`],
    ['text beyond ASCII', `ws://${HOST}/å?å`, `ws://${HOST}/%C3%A5?%C3%A5`],
    ['a lone surrogate', `ws://${HOST}/?\ud800`, `ws://${HOST}/?%EF%BF%BD`],
    ['a quoted fragment sign', `ws://${HOST}/%23?%23`, `ws://${HOST}/%23?%23`],
    ['user and password', `ws://user:pass@${HOST}/`, `ws://user:pass@${HOST}/`],
    ['an IPv6 address', 'ws://[0:0::1]:1/', 'ws://[::1]:1/'],
    ['an IPv4 address as a number', 'ws://2130706433:1/', `ws://${HOST}/`],
    ['an internationalised host', 'ws://bücher.invalid/', 'ws://xn--bcher-kva.invalid/'],
  ])('client takes %s', (_, url, href) => {
    expect(makeClient(url).url).toBe(href);
  });

  test.each([
    ['http:', `http://${HOST}/a`, `ws://${HOST}/a`],
    ['https:', `https://${HOST}/a`, `wss://${HOST}/a`],
    ['HTTP: in upper case', `HTTP://${HOST}/`, `ws://${HOST}/`],
  ])('client takes %s for its WebSocket scheme', (_, url, href) => {
    expect(makeClient(url).url).toBe(href);
  });

  test.each([
    ['ws://127.0.0.1:80/', 'ws://127.0.0.1/'],
    ['wss://127.0.0.1:443/', 'wss://127.0.0.1/'],
    ['ws://127.0.0.1:443/', 'ws://127.0.0.1:443/'],
    ['wss://127.0.0.1:80/', 'wss://127.0.0.1:80/'],
    ['http://127.0.0.1:80/', 'ws://127.0.0.1/'],
    ['https://127.0.0.1:443/', 'wss://127.0.0.1/'],
    ['ws://127.0.0.1:/', 'ws://127.0.0.1/'],
    ['ws://127.0.0.1:00001/', 'ws://127.0.0.1:1/'],
    ['ws://127.0.0.1:65535/', 'ws://127.0.0.1:65535/'],
  ])('client keeps the port of %s unless it is the default', (url, href) => {
    expect(makeClient(url).url).toBe(href);
  });

  test.each([
    ['relative', 'path'],
    ['relative to the root', '/path'],
    ['relative to the scheme', '//example.invalid/'],
    ['a query alone', '?query'],
    ['a fragment alone', '#fragment'],
    ['empty', ''],
    ['without a host', 'ws://'],
    ['without a host, with a path', 'ws:///'],
    ['with a port that is no number', 'ws://127.0.0.1:port/'],
    ['with a port beyond 65535', 'ws://127.0.0.1:65536/'],
    ['with a negative port', 'ws://127.0.0.1:-1/'],
    ['with a space in the host', 'ws://example invalid/'],
    ['with a forbidden sign in the host', 'ws://exa<mple/'],
    ['with a broken IPv6 address', 'ws://[::1/'],
    ['with an IPv4 address out of range', 'ws://256.0.0.1/'],
  ])('client throws a SyntaxError when the URL is %s', (_, url) => {
    expect(() => new WebSocket(url)).toThrow(SYNTAX_ERROR);
  });

  test.each([
    'ftp://127.0.0.1/',
    'mailto:a@b.invalid',
    'about:blank',
    'data:,x',
    'wsx://127.0.0.1/',
    'file:///',
  ])('client throws a SyntaxError when the scheme is that of %s', (url) => {
    expect(() => new WebSocket(url)).toThrow(SYNTAX_ERROR);
  });

  test.each(['#', '#a', '?q#a', 'path#', '#a#b'])(
    'client throws a SyntaxError when the URL ends in %s',
    (end) => {
      for (const scheme of ['ws', 'wss', 'http', 'https']) {
        expect(() => new WebSocket(`${scheme}://${HOST}/${end}`)).toThrow(SYNTAX_ERROR);
      }
    },
  );

  test('client takes what converts to a string', () => {
    const url = new URL(`http://${HOST}/`);
    expect(makeClient(url).url).toBe(`ws://${HOST}/`);
    expect(url.protocol).toBe('http:');
    const convertible = { toString: () => `ws://${HOST}/converted` } as unknown as string;
    expect(makeClient(convertible).url).toBe(`ws://${HOST}/converted`);
  });

  test.each([null, undefined, 5, true, {}])(
    'client throws a SyntaxError when the URL converts %s',
    (value) => {
      expect(() => new WebSocket(value as unknown as string)).toThrow(SYNTAX_ERROR);
    },
  );

  test('client throws what the conversion of the URL throws', () => {
    const error = new Error('no string');
    const url = {
      toString: () => {
        throw error;
      },
    };
    expect(() => new WebSocket(url as unknown as string)).toThrow(error);
    expect(() => new WebSocket(Symbol('x') as unknown as string)).toThrow(TypeError);
  });

  test('client complains about the URL before the protocols', () => {
    expect(() => new WebSocket('', ' ')).toThrow(/URL/);
  });
});

describe('WHATWG WebSocket(url), what is requested', () => {
  test('client asks for path and query as the URL has them', async () => {
    expect((await requestOf('/a%20b/ä?ö=%23&x')).startLine).toBe('GET /a%20b/%C3%A4?%C3%B6=%23&x HTTP/1.1');
    expect((await requestOf('?only')).startLine).toBe('GET /?only HTTP/1.1');
    expect((await requestOf('/')).startLine).toBe('GET / HTTP/1.1');
  });

  test('client asks for a path of many kilobytes', async () => {
    const path = `/${'x'.repeat(15_000)}`;
    expect((await requestOf(path)).startLine).toBe(`GET ${path} HTTP/1.1`);
  });

  test('client names the host and its port', async () => {
    const { headers, client } = await requestOf('/');
    expect(headers.host).toEqual([new URL(client.url).host]);
  });

  test.each([
    ['user:pass', 'user:pass'],
    ['user', 'user:'],
    [':pass', ':pass'],
    ['us%40er:p%3Aass', 'us@er:p:ass'],
    ['%C3%A4:%E2%98%83', 'ä:☃'],
  ])('client authenticates as the URL says: %s', async (userinfo, credentials) => {
    const server = await startRawServer();
    makeClient(server.url.replace('//', `//${userinfo}@`));
    const { headers } = await (await server.accept()).head();
    const [scheme = '', value = ''] = (headers.authorization?.[0] ?? '').split(' ');
    expect([scheme, Buffer.from(value, 'base64').toString()]).toEqual(['Basic', credentials]);
  });

  test('client takes a percent sign in the user that encodes nothing', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url.replace('//', '//100%:%E0%A4@'));
    const { headers } = await (await server.accept()).head();
    expect(headers.authorization).toHaveLength(1);
    expect(client.readyState).toBe(0);
  });
});

describe('WHATWG WebSocket(url, protocols)', () => {
  test.each<[string, unknown, string[] | undefined]>([
    ['nothing', undefined, undefined],
    ['an empty list', [], undefined],
    ['one', 'chat', ['chat']],
    ['a list of one', ['chat'], ['chat']],
    ['a list', ['b', 'a', 'c.d'], ['b, a, c.d']],
    ['every sign of a token', "!#$%&'*+-.^_`|~09azAZ", ["!#$%&'*+-.^_`|~09azAZ"]],
    ['any iterable', new Set(['a', 'b']), ['a, b']],
    ['what converts', [1, null], ['1, null']],
    ['null', null, ['null']],
    ['a number', 7, ['7']],
  ])('client offers %s', async (_, protocols, offered) => {
    expect((await requestOf('/', protocols)).headers['sec-websocket-protocol']).toEqual(offered);
  });

  test.each([
    ['empty', ''],
    ['empty in a list', ['']],
    ['with a space', 'a b'],
    ['with a line break', 'a\r\nb'],
    ['with NUL', 'a\0'],
    ['with DEL', 'a\x7f'],
    ['beyond ASCII', '\u0080a'],
    ['a snowman', '☃'],
    ['wrong behind a right one', ['a', 'b c']],
  ])('client throws a SyntaxError when a protocol is %s', (_, protocols) => {
    expect(() => new WebSocket(`ws://${HOST}/`, protocols)).toThrow(SYNTAX_ERROR);
  });

  test.each([...'()<>@,;:\\"/[]?={} \t'])(
    'client throws a SyntaxError when a protocol has the separator %j',
    (sign) => {
      expect(() => new WebSocket(`ws://${HOST}/`, `a${sign}b`)).toThrow(SYNTAX_ERROR);
    },
  );

  test('client throws a SyntaxError when a protocol is repeated, in any case', () => {
    for (const list of [
      ['a', 'a'],
      ['a', 'b', 'a'],
      ['echo', 'Echo'],
    ]) {
      expect(() => new WebSocket(`ws://${HOST}/`, list)).toThrow(SYNTAX_ERROR);
    }
  });

  test('client throws a TypeError when a protocol is a symbol', () => {
    expect(() => new WebSocket(`ws://${HOST}/`, [Symbol('x')] as unknown as string[])).toThrow(TypeError);
  });

  test('client has the protocol that the server chose, from open on', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url, ['a', 'b']);
    expect([client.protocol, client.extensions]).toEqual(['', '']);
    await server.open({ 'Sec-WebSocket-Protocol': 'b' });
    await next(client, 'open');
    expect([client.protocol, client.extensions]).toEqual(['b', '']);
  });

  test.each([
    ['that was not offered', ['a'], 'b'],
    ['in another case', ['a'], 'A'],
    ['though none was offered', [], 'a'],
    ['that is a list', ['a', 'b'], 'a, b'],
  ])('client fails when the server chooses one %s', async (_, offered, chosen) => {
    const server = await startRawServer();
    const client = makeClient(server.url, offered);
    const failed = failClient(client);
    await server.open({ 'Sec-WebSocket-Protocol': chosen });
    expect((await failed).close).toMatchObject({ code: 1006, wasClean: false });
    expect(client.protocol).toBe('');
  });

  test('client fails when it offered protocols and the server names none', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url, ['a']);
    const failed = failClient(client);
    await server.open();
    // RFC 6455 lets it pass; the standard's "establish a WebSocket connection" does not.
    expect((await failed).close).toMatchObject({ code: 1006, wasClean: false });
  });
});

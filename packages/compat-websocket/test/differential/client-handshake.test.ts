import { describe, expect, test } from 'vitest';
import type { client as Client } from 'websocket';
import { CERTIFICATE } from '../../../ws/test/rig/certificate.ts';
import { acceptance, startRawServer } from '../../../ws/test/rig/raw-server.ts';
import { Journal } from '../rig/journal.ts';
import { LIBRARIES, type Library } from '../rig/libraries.ts';

type Connect = (client: Client, url: string) => void;

/** Has a client connect, and returns its request's head without what is random, and what became of it. */
async function play(
  library: Library,
  config: object,
  connect: Connect,
  answer: Record<string, string> | string,
) {
  const journal = new Journal();
  const tls = 'tlsOptions' in config ? CERTIFICATE : undefined;
  const server = await startRawServer(tls);
  const client = new library.client(config);
  const done = new Promise<void>((resolve) => {
    client.on('connect', ({ protocol, extensions, webSocketVersion, remoteAddress, drop }) => {
      journal.note('connect', { protocol, extensions, webSocketVersion, remoteAddress }, drop);
      resolve();
    });
    client.on('connectFailed', (error) => {
      journal.note('connectFailed', error.message.replace(/(value of|-accept:) .*/, '$1'));
      resolve();
    });
  });
  connect(client, server.url);
  const peer = await server.accept();
  const head = await peer.head();
  peer.write(typeof answer === 'string' ? answer : acceptance(head, answer));
  await done;
  const { 'sec-websocket-key': key, host, ...headers } = head.headers;
  const isOurHost = host?.[0] === `127.0.0.1:${server.port}` || host?.[0];
  return {
    startLine: head.startLine,
    headers,
    isOurHost,
    keyBytes: Buffer.from(key![0]!, 'base64').length,
    ...journal,
  };
}

const plain: Connect = (client, url) => client.connect(url);
const asking: Connect = (client, url) => client.connect(url, ['chat', 'other']);

const REQUESTS: Record<string, [object, Connect, Record<string, string>?]> = {
  'a plain URL': [{}, plain],
  'a path and a query': [{}, (client, url) => client.connect(`${url}a/b?c=d%20e`)],
  'a URL that was parsed': [
    {},
    (client, url) =>
      client.connect({
        ...new URL(url),
        protocol: 'ws:',
        host: new URL(url).host,
        hostname: '127.0.0.1',
        port: new URL(url).port,
        pathname: '/p',
        path: '/p',
      } as never),
  ],
  'one protocol': [{}, (client, url) => client.connect(url, 'chat'), { 'Sec-WebSocket-Protocol': 'chat' }],
  protocols: [{}, asking, { 'Sec-WebSocket-Protocol': 'other' }],
  'no protocols': [{}, (client, url) => client.connect(url, '')],
  'a server that names a protocol unasked': [{}, plain, { 'Sec-WebSocket-Protocol': 'chat' }],
  'an origin': [{}, (client, url) => client.connect(url, [], 'http://example.test')],
  'version 8': [{ webSocketVersion: 8 }, (client, url) => client.connect(url, [], 'http://example.test')],
  headers: [
    {},
    (client, url) => client.connect(url, [], undefined, { 'X-Own': '1', Upgrade: 'mine', Host: 'h.test' }),
  ],
  'request options': [
    {},
    (client, url) =>
      client.connect(url, [], undefined, undefined, {
        method: 'POST',
        path: '/no',
        localAddress: '127.0.0.2',
      }),
  ],
  'TLS options': [
    { tlsOptions: { rejectUnauthorized: false, headers: { 'X-Tls': '1' }, path: '/no' } },
    plain,
  ],
};

const FAILURES: Record<string, [Record<string, string> | string, Connect?]> = {
  'no accept header': [{ 'Sec-WebSocket-Accept': '' }],
  'a wrong accept header': [{ 'Sec-WebSocket-Accept': 'x' }],
  'no connection header of the right value': [{ Connection: 'keep-alive, Upgrade-Insecure' }],
  'no protocol': [{}, asking],
  'a protocol that was not asked for': [{ 'Sec-WebSocket-Protocol': 'third' }, asking],
  'another status': ['HTTP/1.1 403 No Way\r\nX-Why: because\r\nContent-Length: 0\r\n\r\n'],
};

describe('client', () => {
  test.each(Object.entries(REQUESTS))('requests with %s', async (_name, [config, connect, answer = {}]) => {
    const expected = await play(LIBRARIES.upstream, structuredClone(config), connect, answer);
    expect(await play(LIBRARIES.ours, config, connect, answer)).toEqual(expected);
  });

  test.each(Object.entries(FAILURES))('fails on %s', async (_name, [answer, connect = plain]) => {
    const expected = await play(LIBRARIES.upstream, {}, connect, answer);
    expect(await play(LIBRARIES.ours, {}, connect, answer)).toEqual(expected);
  });

  test.each<[string, Connect]>([
    ['a URL without a scheme', (client) => client.connect('//127.0.0.1/')],
    ['a URL without a host', (client) => client.connect('ws:')],
    ['a protocol with a space', (client, url) => client.connect(url, ['a b'])],
    ['a protocol with a comma', (client, url) => client.connect(url, 'a,b')],
  ])('throws for %s', (name, connect) => {
    const [theirs, mine] = [LIBRARIES.upstream, LIBRARIES.ours].map((library) => {
      const journal = new Journal();
      journal.attempt(name, () => connect(new library.client(), 'ws://127.0.0.1:9/'));
      return journal.entries;
    });
    expect(mine).toEqual(theirs);
  });

  test('throws for a version that nobody speaks', () => {
    for (const library of Object.values(LIBRARIES)) {
      expect(() => new library.client({ webSocketVersion: 12 })).toThrow('webSocketVersion is not supported');
    }
  });

  test('hands over a response that is no 101, where somebody listens', async () => {
    const [theirs, mine] = await Promise.all(
      [LIBRARIES.upstream, LIBRARIES.ours].map(async (library) => {
        const server = await startRawServer();
        const client = new library.client();
        const response = new Promise((resolve) => {
          client.on('httpResponse', (message, self) => resolve([message.statusCode, self === client]));
        });
        client.connect(server.url);
        const peer = await server.accept();
        await peer.head();
        peer.write('HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n');
        await peer.ended;
        return response;
      }),
    );
    expect(mine).toEqual(theirs);
  });

  test('aborts with a failure', async () => {
    for (const library of Object.values(LIBRARIES)) {
      const server = await startRawServer();
      const client = new library.client();
      const failed = new Promise<Error>((resolve) => client.on('connectFailed', resolve));
      client.connect(server.url);
      const peer = await server.accept();
      await peer.head();
      client.abort();
      expect((await failed).message).toBe('socket hang up');
      await peer.closed;
    }
  });
});

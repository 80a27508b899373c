import type { AttachOptions, Server, ServerOptions } from '@hawser/engine';
import { describe, expect, test } from 'vitest';
import type { Ask } from '../rig/http.ts';
import { asking, greet, runBoth } from './both.ts';

interface Case {
  readonly title: string;
  readonly options?: ServerOptions & AttachOptions;
  readonly prepare?: (engine: Server) => void;
  readonly requests: readonly Ask[];
}

const POLL = { query: 'EIO=4&transport=polling&sid=SID' };
const OPEN = { query: 'EIO=4&transport=polling' };
const OPEN3 = { query: 'EIO=3&transport=polling' };
const POLL3 = { query: 'EIO=3&transport=polling&sid=SID' };

const CASES: readonly Case[] = [
  { title: 'handshake', requests: [OPEN] },
  { title: 'handshake of an unknown version', requests: [{ query: 'EIO=2&transport=polling' }] },
  { title: 'handshake of version 3, which is not let in', requests: [OPEN3] },
  { title: 'handshake of version 3', options: { allowEIO3: true }, requests: [OPEN3] },
  {
    title: 'handshake of version 3 in base64',
    options: { allowEIO3: true },
    requests: [{ query: 'EIO=3&transport=polling&b64=1' }],
  },
  {
    title: 'handshake of version 3 by JSONP',
    options: { allowEIO3: true },
    requests: [{ query: 'EIO=3&transport=polling&j=7' }],
  },
  { title: 'handshake by JSONP', requests: [{ query: 'EIO=4&transport=polling&j=7x<b>' }] },
  { title: 'handshake with an initial packet', options: { initialPacket: 'faster!' }, requests: [OPEN] },
  { title: 'handshake without upgrades', options: { allowUpgrades: false }, requests: [OPEN] },
  { title: 'handshake where only polling is on', options: { transports: ['polling'] }, requests: [OPEN] },
  {
    title: 'handshake with other bounds',
    options: { pingInterval: 1234, pingTimeout: 567, maxHttpBufferSize: 89 },
    requests: [OPEN],
  },
  { title: 'cookie', options: { cookie: true }, requests: [OPEN, { ...POLL, method: 'POST', body: '4a' }] },
  {
    title: 'cookie with a name',
    options: { cookie: { name: 'sticky', httpOnly: false, maxAge: 60, sameSite: 'strict' } },
    requests: [OPEN],
  },
  {
    title: 'cookie whose age is a text',
    options: { cookie: { maxAge: '3600' as never } },
    requests: [OPEN],
  },
  { title: 'cookie whose age is no integer', options: { cookie: { maxAge: 1.5 } }, requests: [OPEN] },
  { title: 'cookie whose age is past', options: { cookie: { maxAge: -1 } }, requests: [OPEN] },
  { title: 'cookie without an age', options: { cookie: { maxAge: null as never } }, requests: [OPEN] },
  {
    title: 'cookie without a path',
    options: { cookie: { name: 'sticky', path: undefined as never } },
    requests: [OPEN],
  },
  {
    title: 'cors, simple',
    options: { cors: { origin: 'https://example.org', credentials: true } },
    requests: [{ ...OPEN, headers: { origin: 'https://example.org' } }],
  },
  {
    title: 'cors, preflight',
    options: { cors: { origin: /example/, methods: ['GET', 'POST'], maxAge: 9 } },
    requests: [{ ...OPEN, method: 'OPTIONS', headers: { origin: 'https://example.org' } }],
  },
  {
    title: 'cors, error',
    options: { cors: { origin: '*' } },
    requests: [{ query: 'transport=none', headers: { origin: 'https://example.org' } }],
  },
  { title: 'no transport', requests: [{ query: '' }] },
  { title: 'unknown transport', requests: [{ query: 'EIO=4&transport=tobi' }] },
  { title: 'transport named as an inherited member', requests: [{ query: 'EIO=4&transport=constructor' }] },
  {
    title: 'webtransport over HTTP',
    options: { transports: ['polling', 'webtransport'] },
    requests: [{ query: 'EIO=4&transport=webtransport' }],
  },
  { title: 'websocket without an upgrade', requests: [{ query: 'EIO=4&transport=websocket' }] },
  { title: 'unknown session', requests: [{ query: 'EIO=4&transport=polling&sid=nobody' }] },
  {
    title: 'session named as an inherited member',
    requests: [{ query: 'EIO=4&transport=polling&sid=__proto__' }],
  },
  { title: 'handshake by POST', requests: [{ ...OPEN, method: 'POST', body: '4a' }] },
  { title: 'handshake by OPTIONS', requests: [{ ...OPEN, method: 'OPTIONS' }] },
  {
    title: 'handshake that is not allowed',
    options: { allowRequest: (_req, fn) => fn(null, false) },
    requests: [OPEN],
  },
  {
    title: 'handshake that is not allowed, with a message',
    options: { allowRequest: (_req, fn) => fn('Thou shall not pass', false) },
    requests: [OPEN],
  },
  {
    title: 'handshake that is allowed',
    options: { allowRequest: (_req, fn) => setImmediate(() => fn(null, true)) },
    requests: [OPEN],
  },
  {
    title: 'id that cannot be generated',
    prepare: (engine) => {
      engine.generateId = () => {
        throw new Error('no id');
      };
    },
    requests: [OPEN],
  },
  {
    title: 'id that is refused later',
    prepare: (engine) => {
      engine.generateId = () => Promise.reject(new Error('no id'));
    },
    requests: [OPEN],
  },
  {
    title: 'id of the user, later',
    prepare: (engine) => {
      engine.generateId = async () => 'my-own-id';
    },
    requests: [OPEN, { ...POLL, method: 'POST', body: '4a' }],
  },
  {
    title: 'id of the user, a number',
    prepare: (engine) => {
      engine.generateId = () => 1_234_567 as never;
    },
    requests: [OPEN, { query: `${OPEN.query}&sid=1234567`, method: 'POST', body: '4a' }],
  },
  {
    title: 'middleware that fails',
    prepare: (engine) => engine.use((_req, _res, next) => next(new Error('no'))),
    requests: [OPEN],
  },
  {
    title: 'middleware that throws',
    prepare: (engine) =>
      engine.use(() => {
        throw new Error('no');
      }),
    requests: [OPEN],
  },
  {
    title: 'middleware that rejects',
    prepare: (engine) =>
      engine.use(async () => {
        throw new Error('no');
      }),
    requests: [OPEN],
  },
  {
    title: 'middleware that answers',
    prepare: (engine) =>
      engine.use((_req, res) => {
        res.writeHead(503).end('later');
      }),
    requests: [OPEN],
  },
  {
    title: 'middleware that adds a header',
    prepare: (engine) =>
      engine.use((_req, res, next) => {
        res.setHeader('x-by', 'me');
        next();
      }),
    requests: [OPEN, { ...POLL, method: 'POST', body: '4a' }],
  },
  {
    title: 'headers of the user',
    prepare: (engine) => {
      engine.on('initial_headers', (headers) => {
        headers['x-initial'] = '1';
      });
      engine.on('headers', (headers) => {
        headers['x-each'] = '2';
      });
    },
    requests: [OPEN, { ...POLL, method: 'POST', body: '4a' }],
  },
  { title: 'message', requests: [OPEN, { ...POLL, method: 'POST', body: '4hello' }] },
  {
    title: 'messages, text and binary',
    requests: [OPEN, { ...POLL, method: 'POST', body: '4hello\x1ebAQID\x1e4é' }],
  },
  { title: 'poll of text', prepare: greet('hello'), requests: [OPEN, POLL] },
  {
    title: 'poll of an old browser',
    prepare: greet('hello'),
    requests: [
      OPEN,
      { ...POLL, headers: { 'user-agent': 'Mozilla/5.0 (Windows NT 6.3; Trident/7.0; rv:11.0) like Gecko' } },
    ],
  },
  { title: 'poll of text and binary', prepare: greet('é', Buffer.from([1, 2, 255])), requests: [OPEN, POLL] },
  {
    title: 'poll of version 3, text',
    options: { allowEIO3: true },
    prepare: greet('é', 'b'),
    requests: [OPEN3, POLL3],
  },
  {
    title: 'poll of version 3, binary',
    options: { allowEIO3: true },
    prepare: greet('é', Buffer.from([1, 2, 255])),
    requests: [OPEN3, POLL3],
  },
  {
    title: 'poll of version 3, base64',
    options: { allowEIO3: true },
    prepare: greet('é', Buffer.from([1, 2, 255])),
    requests: [OPEN3, { query: 'EIO=3&transport=polling&sid=SID&b64=1' }],
  },
  {
    title: 'poll of version 3, JSONP',
    options: { allowEIO3: true },
    prepare: greet('a\u2028"b'),
    requests: [
      { query: 'EIO=3&transport=polling&j=0&b64=1' },
      { query: 'EIO=3&transport=polling&sid=SID&j=0&b64=1' },
    ],
  },
  {
    title: 'post of version 3, text',
    options: { allowEIO3: true },
    requests: [OPEN3, { ...POLL3, method: 'POST', body: '3:4hé' }],
  },
  {
    title: 'post of version 3, binary',
    options: { allowEIO3: true },
    requests: [
      OPEN3,
      {
        ...POLL3,
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: Buffer.from([1, 3, 255, 4, 1, 2]),
      },
    ],
  },
  {
    title: 'post of version 3, JSONP',
    options: { allowEIO3: true },
    requests: [
      { query: 'EIO=3&transport=polling&j=0&b64=1' },
      {
        query: 'EIO=3&transport=polling&sid=SID&j=0&b64=1',
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `d=${encodeURIComponent('4:4abc')}`,
      },
    ],
  },
  {
    title: 'binary post of version 4',
    requests: [
      OPEN,
      {
        ...POLL,
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: Buffer.from([1, 2]),
      },
      POLL,
    ],
  },
  {
    title: 'other methods',
    requests: [OPEN, { ...POLL, method: 'PUT' }, { ...POLL, method: 'DELETE' }, { ...POLL, method: 'HEAD' }],
  },
  {
    title: 'another transport for a session',
    requests: [OPEN, { query: 'EIO=4&transport=websocket&sid=SID' }],
  },
  { title: 'another version for a session', options: { allowEIO3: true }, requests: [OPEN, POLL3] },
  { title: 'post that closes', requests: [OPEN, { ...POLL, method: 'POST', body: '1' }, POLL] },
  {
    title: 'compressed poll',
    options: { httpCompression: { threshold: 0 } },
    prepare: greet('a'.repeat(50)),
    requests: [OPEN, { ...POLL, headers: { 'accept-encoding': 'identity' } }],
  },
  { title: 'path of the user', requests: [{ path: '/' }, { path: '/engine.ioo/' }, { path: '/engine.io' }] },
  {
    title: 'path with another prefix',
    options: { path: '/my-path' },
    requests: [
      { path: '/my-path/?EIO=4&transport=polling' },
      { path: '/engine.io/?EIO=4&transport=polling' },
    ],
  },
  {
    title: 'path without a slash',
    options: { addTrailingSlash: false },
    requests: [
      { path: '/engine.io?EIO=4&transport=polling' },
      { path: '/engine.io/?EIO=4&transport=polling' },
    ],
  },
];

describe('HTTP answers, as engine.io gives them', () => {
  test.each(CASES)('$title', async ({ options, prepare, requests }) => {
    const { upstream, ours } = await runBoth(options ?? {}, prepare ?? (() => {}), asking(...requests));
    expect(ours).toEqual(upstream);
  });
});

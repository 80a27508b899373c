/** Where either client connects to. */

import { Manager as OurManager, io as ours } from '@hawser/client';
import { Socket as OurEngine, Transport as OurTransport } from '@hawser/client/engine';
import { Socket as UpstreamEngine, Transport as UpstreamTransport } from 'engine.io-client';
import { Manager as UpstreamManager, io as upstream } from 'socket.io-client';
import { afterEach, describe, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
});

interface Target {
  readonly hostname: string;
  readonly secure: boolean;
  readonly port: string;
  readonly opts: { readonly path: string };
  close(): void;
}

type Connect = (uri: string | undefined, options: object) => { nsp: string; io: { engine: Target } };

/** A transport that connects to nothing. */
function idle(Base: typeof OurTransport): object {
  return class extends (Base as unknown as new (options: unknown) => object) {
    get name() {
      return 'polling';
    }
    doOpen() {}
    doClose() {}
    write() {}
  };
}

const OURS = idle(OurTransport);
const UPSTREAM = idle(UpstreamTransport as unknown as typeof OurTransport);

/** Returns where `connect` goes, or what it throws. */
function targetOf(connect: Connect, transport: object, uri: string | undefined, options: object = {}) {
  try {
    const transports = [transport];
    const { nsp, io } = connect(uri, {
      ...options,
      transports,
      forceNew: true,
      reconnection: false,
      timeout: false,
    });
    const { hostname, secure, port, opts } = io.engine;
    io.engine.close();
    return { nsp, hostname, secure, port: String(port), path: opts.path };
  } catch (error) {
    return (error as Error).constructor.name;
  }
}

const WITH_SCHEME = ['ws', 'wss', 'http', 'https'].flatMap((scheme) =>
  [
    'h',
    'h:80',
    'h:443',
    'h:8080/nsp',
    'u:p@h/nsp?a=b',
    '[::1]',
    '[2001:db8::5]:81/x',
    'localhost',
    '127.0.0.1:1/?q',
  ].map((rest) => `${scheme}://${rest}`),
);

const OF_A_PAGE = [
  '//h',
  '//h:8080/nsp',
  'h',
  'h:8080',
  'h/nsp',
  'localhost:3000/nsp?a=b',
  '/nsp',
  '/nsp?a=b',
  undefined,
];

const PAGES = {
  'http://page.example': { protocol: 'http:', host: 'page.example', hostname: 'page.example', port: '' },
  'https://page.example:8443': {
    protocol: 'https:',
    host: 'page.example:8443',
    hostname: 'page.example',
    port: '8443',
  },
};

test.each(WITH_SCHEME)('io(%s) connects to where socket.io-client does', (uri) => {
  const expected = targetOf(upstream as never, UPSTREAM, uri);
  expect(expected).toHaveProperty('hostname');
  expect(targetOf(ours as never, OURS, uri)).toEqual(expected);
});

describe.each(Object.entries(PAGES))('in a page of %s', (_name, location) => {
  test.each([...WITH_SCHEME, ...OF_A_PAGE])('io(%s) connects to where socket.io-client does', (uri) => {
    vi.stubGlobal('location', location);
    const expected = targetOf(upstream as never, UPSTREAM, uri);
    expect(expected).toHaveProperty('hostname');
    expect(targetOf(ours as never, OURS, uri)).toEqual(expected);
  });
});

test.each(['h', 'h:8080', 'h/nsp'])('io(%s) of no page is TLS', (uri) => {
  // Upstream takes "undefined" for the host.
  expect(targetOf(ours as never, OURS, uri)).toMatchObject({ hostname: 'h', secure: true });
});

test.each(WITH_SCHEME)('new Manager(%s) connects to where that of socket.io-client does', (uri) => {
  const connect =
    (Manager: typeof OurManager): Connect =>
    (target, options) => ({ nsp: '', io: new Manager(target, options) as never });
  const expected = targetOf(connect(UpstreamManager as never), UPSTREAM, uri);
  expect(expected).toHaveProperty('hostname');
  expect(targetOf(connect(OurManager), OURS, uri)).toEqual(expected);
});

test.each([
  [{ host: 'h' }],
  [{ host: 'h', port: 81 }],
  [{ host: '::1' }],
  [{ host: '2001:db8::5', port: 81 }],
  [{ host: '[::1]' }],
  [{ hostname: 'h', secure: true }],
  [{ hostname: '::1' }],
  [{}],
])('an engine of %j connects to where engine.io-client does', (options) => {
  const connect =
    (Engine: typeof OurEngine): Connect =>
    (_uri, given) => ({ nsp: '', io: { engine: new Engine(given) as never } });
  const expected = targetOf(connect(UpstreamEngine as never), UPSTREAM, undefined, options);
  expect(targetOf(connect(OurEngine), OURS, undefined, options)).toEqual(expected);
});

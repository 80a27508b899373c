import type { AllowedOrigins, UpgradeRequest } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { Queue } from './rig/queue.ts';
import { openRaw, requestRaw } from './rig/raw-peer.ts';
import { startServer } from './rig/servers.ts';

async function statusFor(
  allowedOrigins: AllowedOrigins | undefined,
  headers: Record<string, string | undefined>,
): Promise<number> {
  const { port } = await startServer(allowedOrigins === undefined ? {} : { allowedOrigins });
  return (await (await requestRaw(port, headers)).response()).status;
}

describe('RFC 6455 10.2 origin, same host', () => {
  test.each([
    ['no origin at all', undefined, 'example.test'],
    ['the same host', 'http://example.test', 'example.test'],
    ['the same host and port', 'http://example.test:8080', 'example.test:8080'],
    ['a default port spelled out in Host', 'https://example.test', 'example.test:443'],
    ['a default port spelled out in Origin', 'http://example.test:80', 'example.test'],
    ['another case', 'http://Example.TEST', 'eXample.test'],
    ['an IPv6 address', 'http://[::1]:3000', '[::1]:3000'],
  ])('server accepts %s', async (_, Origin, Host) => {
    expect(await statusFor(undefined, { Origin, Host })).toBe(101);
  });

  test.each([
    ['another host', 'http://evil.test', 'example.test'],
    ['another port', 'http://example.test:8081', 'example.test:8080'],
    ['a port that is the default of the other scheme', 'https://example.test', 'example.test:80'],
    ['a subdomain', 'http://evil.example.test', 'example.test'],
    ['a host that ends in ours', 'http://evilexample.test', 'example.test'],
    ['a host that begins with ours', 'http://example.test.evil.test', 'example.test'],
    ['an opaque origin', 'null', 'example.test'],
    ['an origin that has our host as its user', 'http://example.test@evil.test', 'example.test'],
    ['garbage', '::::', 'example.test'],
    ['an empty origin', '', 'example.test'],
    ['a file', 'file://', 'example.test'],
  ])('server refuses %s with 403', async (_, Origin, Host) => {
    expect(await statusFor(undefined, { Origin, Host })).toBe(403);
  });

  test('server says why it refuses', async () => {
    const { port } = await startServer();
    const { status, body } = await (await requestRaw(port, { Origin: 'http://evil.test' })).response();
    expect(status).toBe(403);
    expect(body).toMatch(/origin/);
  });
});

describe('RFC 6455 10.2 origin, allowed otherwise', () => {
  test.each(['http://evil.test', 'null', 'garbage', 'http://example.test'])(
    "server accepts %s when '*' is allowed",
    async (Origin) => {
      expect(await statusFor('*', { Origin })).toBe(101);
    },
  );

  test.each([
    ['http://a.test', 101],
    ['HTTP://A.TEST', 101],
    ['https://b.test:8443', 101],
    ['https://c.test', 101],
    [undefined, 101],
    ['http://a.test:8080', 403],
    ['https://a.test', 403],
    ['http://example.test', 403],
    ['null', 403],
  ])('server with a list answers %s with %i', async (Origin, status) => {
    const list = ['http://a.test', 'https://b.test:8443', 'https://C.test'];
    expect(await statusFor(list, { Origin })).toBe(status);
  });

  test('server with an empty list refuses every page', async () => {
    expect(await statusFor([], { Origin: 'http://example.test' })).toBe(403);
    expect(await statusFor([], {})).toBe(101);
  });

  test('server asks the function with the origin and the request', async () => {
    const asked = new Queue<[string, UpgradeRequest]>();
    const { port } = await startServer({
      allowedOrigins: (origin, request) => {
        asked.push([origin, request]);
        return origin === 'http://a.test';
      },
    });
    await openRaw(port, { Origin: 'http://a.test' }, '/path?q');
    const refused = await requestRaw(port, { Origin: 'http://A.test' });
    expect((await refused.response()).status).toBe(403);
    const [first, second] = (await asked.take(2)) as [[string, UpgradeRequest], [string, UpgradeRequest]];
    expect(first[0]).toBe('http://a.test');
    expect(first[1].url).toBe('/path?q');
    expect(second[0]).toBe('http://A.test');
  });

  test('server does not ask the function without an origin', async () => {
    expect(await statusFor(() => false, {})).toBe(101);
  });

  test.each([
    ['a promise', Promise.resolve(false)],
    ['a string', 'no'],
    ['an object', {}],
  ])('server refuses when the function returns %s, which is not true', async (_, answer) => {
    const allowedOrigins = (() => answer) as unknown as () => boolean;
    expect(await statusFor(allowedOrigins, { Origin: 'http://evil.test' })).not.toBe(101);
  });

  test('server answers 500 and reports when the function throws', async () => {
    const errors = new Queue<Error>();
    const { port } = await startServer({
      allowedOrigins: (origin) => new URL(origin).hostname === 'a.test',
      error: (error) => errors.push(error),
    });
    const peer = await requestRaw(port, { Origin: 'null' });
    expect((await peer.response()).status).toBe(500);
    expect(await errors.next()).toBeInstanceOf(TypeError);
    await openRaw(port, { Origin: 'http://a.test' });
  }, 5_000);
});

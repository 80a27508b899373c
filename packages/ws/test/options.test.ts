import { WebSocketServer, type WebSocketServerOptions } from '@hawser/ws';
import { describe, expect, test } from 'vitest';

const NUMBERS = [
  'handshakeTimeoutMs',
  'maxHeaderBytes',
  'maxMessageBytes',
  'maxBufferedBytes',
  'pingIntervalMs',
  'pingTimeoutMs',
  'closeTimeoutMs',
  'maxConnections',
] as const;

function make(options: Record<string, unknown>): WebSocketServer {
  return new WebSocketServer(options as WebSocketServerOptions<undefined>);
}

describe('server options', () => {
  test.each(NUMBERS)('server throws when %s is no number from 0 on', (name) => {
    for (const value of [-1, Number.NaN, '1000', true, {}, 10n]) {
      const expected = { code: 'WS_ERR_OPTION', message: expect.stringContaining(name) };
      expect(() => make({ [name]: value }), String(value)).toThrow(expect.objectContaining(expected));
    }
  });

  test.each(NUMBERS)('server takes 0, a number and infinity for %s', (name) => {
    for (const value of [0, 1_000, Number.POSITIVE_INFINITY, undefined]) {
      expect(make({ [name]: value }).connectionCount).toBe(0);
    }
  });

  test('server throws when slowConsumer is no known policy', () => {
    for (const value of ['Close', '', 1, true, {}]) {
      expect(() => make({ slowConsumer: value })).toThrow(expect.objectContaining({ code: 'WS_ERR_OPTION' }));
    }
  });

  test('server throws when allowedOrigins is no known form', () => {
    for (const value of ['https://a.test', 'same-origin', 5, true, {}]) {
      expect(() => make({ allowedOrigins: value })).toThrow(
        expect.objectContaining({ code: 'WS_ERR_OPTION' }),
      );
    }
  });

  test('server throws when allowedOrigins lists what no browser sends', () => {
    for (const origin of [
      'localhost:3000',
      'http://localhost:3000/',
      'https://a.test/path',
      ' https://a.test',
      '',
      5,
      null,
    ]) {
      expect(() => make({ allowedOrigins: ['https://a.test', origin] })).toThrow(
        expect.objectContaining({ code: 'WS_ERR_OPTION' }),
      );
    }
    const origins = [
      'https://a.test',
      'HTTP://A.test:8080',
      'null',
      'file://',
      'chrome-extension://abc',
      'http://[::1]:80',
    ];
    expect(() => make({ allowedOrigins: origins })).not.toThrow();
  });

  test('server cuts a long value in its message', () => {
    expect(() => make({ maxMessageBytes: 'x'.repeat(1_000) })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{1,150}$/) }),
    );
  });
});

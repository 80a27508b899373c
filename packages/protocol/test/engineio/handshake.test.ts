import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHandshake, encodeHandshake, HandshakeEncoder } from '../../src/engineio/handshake.ts';
import { bytes } from '../websocket/frame-notation.ts';

const HANDSHAKE = {
  sid: 'lv_VI97HAXpY6yYWAAAC',
  upgrades: ['websocket'],
  pingInterval: 25_000,
  pingTimeout: 20_000,
};

describe('Engine.IO handshake', () => {
  it('server writes the fields in the order of the protocol document', () => {
    expect(encodeHandshake({ ...HANDSHAKE, maxPayload: 1_000_000 })).toBe(
      '{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}',
    );
  });

  it('server writes what a layer above adds behind them', () => {
    expect(encodeHandshake({ ...HANDSHAKE, maxPayload: 1_000_000 }, { hawser: 1 })).toBe(
      '{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000,"hawser":1}',
    );
  });

  it.each([
    ['the id', { sid: 'a"b' }, undefined],
    ['nothing', {}, undefined],
    ['the number of upgrades', { upgrades: [] }, undefined],
    ['an upgrade', { upgrades: ['webtransport'] }, undefined],
    ['the interval', { pingInterval: 300 }, undefined],
    ['the timeout', { pingTimeout: 200 }, undefined],
    ['the limit', { maxPayload: 1000 }, undefined],
    ['what is added', {}, { hawser: 1 }],
  ])('server writes a next one that differs in %s as it would write it alone', (_, difference, extras) => {
    const encoder = new HandshakeEncoder();
    const next = { ...HANDSHAKE, upgrades: ['websocket'], ...difference };
    expect(encoder.encode(HANDSHAKE)).toBe(encodeHandshake(HANDSHAKE));
    expect(encoder.encode(next, extras)).toBe(encodeHandshake(next, extras));
    expect(encoder.encode(HANDSHAKE)).toBe(encodeHandshake(HANDSHAKE));
  });

  it.each([
    {},
    { maxPayload: 1e6 },
    { upgrades: [] },
    { pingInterval: 0 },
    { pingTimeout: 0 },
    { pingInterval: Number.POSITIVE_INFINITY },
    { pingTimeout: Number.POSITIVE_INFINITY },
    { maxPayload: Number.POSITIVE_INFINITY },
  ])('client reads what the server wrote: %o', (difference) => {
    const handshake = { ...HANDSHAKE, maxPayload: Number.POSITIVE_INFINITY, ...difference };
    expect(decodeHandshake(encodeHandshake(handshake))).toEqual(handshake);
  });

  it('client reads amounts that are written as strings', () => {
    const written = { ...HANDSHAKE, pingInterval: '300', pingTimeout: '0', maxPayload: '1e6' };
    const read = { ...HANDSHAKE, pingInterval: 300, pingTimeout: 0, maxPayload: 1e6 };
    expect(decodeHandshake(JSON.stringify(written))).toEqual(read);
  });

  it('client reads no limit where the server does not say one', () => {
    expect(decodeHandshake(encodeHandshake(HANDSHAKE))).toMatchObject({
      maxPayload: Number.POSITIVE_INFINITY,
    });
  });

  it('client reads what a server adds', () => {
    expect(decodeHandshake(encodeHandshake(HANDSHAKE, { more: 1 }))).toMatchObject({ ...HANDSHAKE, more: 1 });
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['null', 'null'],
    ['a number', '7'],
    ['no sid', JSON.stringify({ ...HANDSHAKE, sid: undefined })],
    ['an empty sid', JSON.stringify({ ...HANDSHAKE, sid: '' })],
    ['a sid that is no string', JSON.stringify({ ...HANDSHAKE, sid: 7 })],
    ['upgrades that are no array', JSON.stringify({ ...HANDSHAKE, upgrades: 'websocket' })],
    ['upgrades that are no names', JSON.stringify({ ...HANDSHAKE, upgrades: [1] })],
    ['no interval', JSON.stringify({ ...HANDSHAKE, pingInterval: undefined })],
    ['no timeout', JSON.stringify({ ...HANDSHAKE, pingTimeout: undefined })],
    ['a negative interval', JSON.stringify({ ...HANDSHAKE, pingInterval: -1 })],
    ['a negative timeout', JSON.stringify({ ...HANDSHAKE, pingTimeout: '-1' })],
    ['a limit that is no number', JSON.stringify({ ...HANDSHAKE, maxPayload: '1MB' })],
    ['an empty limit', JSON.stringify({ ...HANDSHAKE, maxPayload: '' })],
    ['a limit that is an object', JSON.stringify({ ...HANDSHAKE, maxPayload: [1] })],
    ['a limit that is a boolean', JSON.stringify({ ...HANDSHAKE, maxPayload: true })],
  ])('client refuses %s', (_, data) => {
    expect(decodeHandshake(data)).toBe('EIO_ERR_INVALID_HANDSHAKE');
  });

  it('client refuses binary data', () => {
    expect(decodeHandshake(bytes('7b7d'))).toBe('EIO_ERR_INVALID_HANDSHAKE');
  });

  it('client throws at no data', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (data) => {
        expect(() => decodeHandshake(data)).not.toThrow();
      }),
    );
  });
});

import { createHook } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DeflateParams,
  deflateLater,
  deflateNow,
  inflateLater,
  inflateNow,
} from '../../src/compression/deflate.ts';

const NOTHING: readonly Uint8Array[] = [];
const PARAMS: DeflateParams = { windowBits: 15, dictionary: undefined, isFinal: true, zlib: {} };

/** The example of RFC 7692 section 7.2.3.1. */
const HELLO = Buffer.from('f248cdc9c90700', 'hex');

const text = (data: unknown) => Buffer.from(data as Uint8Array).toString();

describe('RFC 7692 7.2 messages', () => {
  test('deflate writes the example of the standard', () => {
    expect(Buffer.from(deflateNow(Buffer.from('Hello'), PARAMS)).equals(HELLO)).toBe(true);
  });

  test('deflate makes one byte of an empty message', () => {
    expect(Buffer.from(deflateNow(Buffer.alloc(0), PARAMS)).toString('hex')).toBe('00');
  });

  test.each([
    ['7.2.3.1 one block', HELLO, 'Hello'],
    ['7.2.3.3 no compression', Buffer.from('000500faff48656c6c6f00', 'hex'), 'Hello'],
    ['7.2.3.4 a last block', Buffer.from('f348cdc9c9070000', 'hex'), 'Hello'],
    ['7.2.3.5 two blocks', Buffer.from('f248050000 00ffffcac9c90700'.replace(' ', ''), 'hex'), 'Hello'],
    ['7.2.3.6 an empty message', Buffer.from('00', 'hex'), ''],
  ])('inflate reads %s', (_, data, expected) => {
    expect(text(inflateNow(data, NOTHING, 100))).toBe(expected);
  });

  const final = (data: string | Uint8Array, options = {}) => deflateRawSync(data, options);
  /** On another thread; what is inflated at once as well has to be the same. */
  const inflateBoth = async (data: Uint8Array, before: readonly Uint8Array[], maxBytes: number) => {
    const later = await new Promise((resolve) => inflateLater(data, before, maxBytes, resolve));
    expect([null, later]).toContainEqual(inflateNow(data, before, maxBytes));
    return later;
  };

  // 7.2.3.4: "The next DEFLATE block follows the padded data if any."
  test('inflate reads on behind a last block, which may be followed by others', async () => {
    const parts = ['Hel', 'lo, ', ''].map((part) => final(part));
    const data = Buffer.concat([...parts, deflateNow(Buffer.from('world'), PARAMS)]);
    expect(text(await inflateBoth(data, NOTHING, 100))).toBe('Hello, world');
    expect(await inflateBoth(data, NOTHING, 11)).toBe('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
    expect(text(await inflateBoth(data, NOTHING, 12))).toBe('Hello, world');
  });

  test('inflate refers back over a last block, and to what went before the message', async () => {
    const second = final('abcdefabcdef', { dictionary: Buffer.from('before abcdef') });
    const data = Buffer.concat([final('abcdef'), second, Buffer.of(0)]);
    expect(text(await inflateBoth(data, [Buffer.from('bef'), Buffer.from('ore ')], 100))).toBe(
      'abcdefabcdefabcdef',
    );
  });

  test('inflate takes a last block without the byte that should follow it', async () => {
    expect(text(await inflateBoth(final('Hello'), NOTHING, 100))).toBe('Hello');
    expect(text(await inflateBoth(Buffer.of(1), NOTHING, 100))).toBe('');
  });

  // Found by fuzzing: blocks that go on into the bytes that are appended, and end there.
  test.each(['fb', '9a0fd8'])('inflate refuses %s, which the message cuts off', async (data) => {
    expect(await inflateBoth(Buffer.from(data, 'hex'), NOTHING, 200)).toBe('WS_ERR_INVALID_COMPRESSED_DATA');
  });

  test('inflate refuses what follows a last block and is corrupt', async () => {
    const data = Buffer.concat([final('Hello'), Buffer.of(7)]);
    expect(await inflateBoth(data, NOTHING, 100)).toBe('WS_ERR_INVALID_COMPRESSED_DATA');
  });

  test('inflate refuses more last blocks than anybody needs', async () => {
    const empties = (count: number) =>
      Buffer.concat([...Array.from({ length: count }, () => final('')), Buffer.of(0)]);
    expect(text(await inflateBoth(empties(255), NOTHING, 100))).toBe('');
    expect(await inflateBoth(empties(256), NOTHING, 100)).toBe('WS_ERR_INVALID_COMPRESSED_DATA');
  });

  test('inflate reads what deflate wrote, with every window, with and without what went before', () => {
    const samples = fc.record({
      data: fc.oneof(fc.uint8Array({ maxLength: 5000 }), fc.string({ maxLength: 3000, unit: 'grapheme' })),
      before: fc.option(fc.uint8Array({ minLength: 1, maxLength: 9000 }), { nil: undefined }),
      windowBits: fc.integer({ min: 8, max: 15 }),
    });
    fc.assert(
      fc.property(samples, ({ data, before, windowBits }) => {
        const bytes = Buffer.from(data as Uint8Array);
        const deflated = deflateNow(bytes, { ...PARAMS, windowBits, dictionary: before });
        const inflated = inflateNow(deflated, before === undefined ? NOTHING : [before], 1_000_000);
        expect(bytes.equals(inflated as Uint8Array)).toBe(true);
      }),
    );
  });

  test.each([8, 9, 10, 15])('deflate never looks back beyond a window of %i bits', (windowBits) => {
    // The same 200 random bytes in ever wider spacing: a match at each distance up to 40 000.
    const pattern = randomBytes(200);
    const parts = Array.from({ length: 60 }, (_, i) => [pattern, randomBytes(i * 13)]).flat();
    const data = Buffer.concat(parts);
    const deflated = deflateNow(data, { ...PARAMS, windowBits });
    // `zlib` refuses a distance beyond its window.
    const inflated = inflateRawSync(deflated, { windowBits, finishFlush: constants.Z_SYNC_FLUSH });
    expect(inflated.equals(data)).toBe(true);
  });

  test('fragments of one message, each compressed by itself, inflate as one', () => {
    const fragments = ['Hello, ', 'Hello, ', 'world'].map((part, i) =>
      deflateNow(Buffer.from(part), { ...PARAMS, isFinal: i === 2 }),
    );
    expect(text(inflateNow(Buffer.concat(fragments), NOTHING, 100))).toBe('Hello, Hello, world');
  });

  test('inflate and deflate do the same on another thread', async () => {
    const data = Buffer.from('abc'.repeat(50_000));
    const deflated = (await new Promise<unknown>((done) => deflateLater(data, PARAMS, done))) as Uint8Array;
    expect(deflated).toEqual(deflateNow(data, PARAMS));
    const inflate = (maxBytes: number) =>
      new Promise<unknown>((resolve) => inflateLater(deflated, NOTHING, maxBytes, resolve));
    expect(data.equals((await inflate(150_000)) as Uint8Array)).toBe(true);
    expect(await inflate(149_999)).toBe('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
    expect(await new Promise((resolve) => inflateLater(deflated.subarray(9), NOTHING, 1e6, resolve))).toBe(
      'WS_ERR_INVALID_COMPRESSED_DATA',
    );
  });
});

describe('hostile compressed data', () => {
  const bomb = deflateRawSync(Buffer.alloc(20_000_000));

  test.each([
    ['an empty payload', Buffer.alloc(0)],
    ['a block of no known type', Buffer.from('07', 'hex')],
    ['a reference to nothing', Buffer.from('4ac405000000ffff', 'hex')],
    ['a message cut in the middle', deflateNow(randomBytes(1000), PARAMS).subarray(0, 500)],
    ['a message whose last byte is missing', HELLO.subarray(0, 5)],
  ])('inflate refuses %s', (_, data) => {
    expect(inflateNow(data, NOTHING, 1_000_000)).toBe('WS_ERR_INVALID_COMPRESSED_DATA');
  });

  test('inflate cuts a bomb at the limit', () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(inflateNow(bomb, NOTHING, 1_000_000)).toBe('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
    // The 20 MB never existed.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
  });

  test('inflate gives a message of just the limit, and of none', () => {
    const data = deflateNow(Buffer.from('Hello'), PARAMS);
    expect(text(inflateNow(data, NOTHING, 5))).toBe('Hello');
    expect(inflateNow(data, NOTHING, 4)).toBe('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
    expect(inflateNow(deflateNow(Buffer.from('H'), PARAMS), NOTHING, 0)).toBe(
      'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    );
    expect(text(inflateNow(Buffer.from('00', 'hex'), NOTHING, 0))).toBe('');
    expect(text(inflateNow(data, NOTHING, Number.POSITIVE_INFINITY))).toBe('Hello');
  });

  test('inflate takes any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        const inflated = inflateNow(data, NOTHING, 10_000);
        expect(!(inflated instanceof Uint8Array) || inflated.length <= 10_000).toBe(true);
      }),
    );
  });

  test('inflate needs few trips to another thread for a large message, however small it was compressed', async () => {
    const streams = new Set<number>();
    let trips = 0;
    const hook = createHook({
      init: (id, type) => void (type === 'ZLIB' && streams.add(id)),
      before: (id) => {
        if (streams.has(id)) trips++;
      },
    });
    const data = deflateNow(Buffer.alloc(1_048_576), PARAMS);
    hook.enable();
    const inflated = await new Promise((resolve) => inflateLater(data, NOTHING, 2_000_000, resolve));
    hook.disable();
    expect(inflated).toHaveLength(1_048_576);
    expect(trips).toBeLessThan(40);
  });

  test('deflate and inflate on another thread report what zlib cannot begin, and throw nothing', async () => {
    // What memory does not allow is the same to zlib as what it does not know.
    const params = { ...PARAMS, zlib: { level: 99 } };
    const deflated = new Promise((done) => deflateLater(Buffer.from('Hello'), params, done));
    expect(await deflated).toBeNull();
    const inflated = new Promise((done) => inflateLater(HELLO, 'no dictionary' as never, 100, done));
    expect(await inflated).toBe('WS_ERR_INVALID_COMPRESSED_DATA');
  });
});

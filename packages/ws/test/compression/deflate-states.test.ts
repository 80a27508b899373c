import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { constants, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { resolveCompression } from '../../src/compression/compression-options.ts';
import { Compressor, type Deflation } from '../../src/compression/compressor.ts';
import { deflateStates } from '../../src/compression/deflate-states.ts';
import { isCollected } from '../rig/memory.ts';

const TAIL = Buffer.from('0000ffff', 'hex');

/** One end of a connection, and what the other end has in its window. */
class Sender {
  readonly deflation: Deflation;
  readonly #windowBytes: number;
  #window = Buffer.alloc(0);

  constructor(compressor: Compressor) {
    const { wanted } = compressor.settings;
    this.deflation = compressor.agree(wanted);
    this.#windowBytes = wanted.serverNoContextTakeover ? 0 : 2 ** wanted.serverMaxWindowBits;
  }

  send(data: Uint8Array): void {
    const deflated = this.deflation.deflate(data)!;
    this.deflation.sent(data, deflated);
    this.expectReadable(data, deflated);
  }

  /** What the other end makes of it. It refuses what refers back further than its window. */
  expectReadable(data: Uint8Array, deflated: Uint8Array): void {
    // RFC 7692 7.2.3.6: an empty message has a byte.
    expect(deflated.length).toBeGreaterThan(0);
    const inflated = inflateRawSync(Buffer.concat([deflated, TAIL]), {
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(this.#window.length > 0 && { dictionary: this.#window }),
    });
    expect(inflated.equals(data)).toBe(true);
    const all = Buffer.concat([this.#window, data]);
    this.#window = all.subarray(all.length - Math.min(all.length, this.#windowBytes));
  }
}

function makeCompressor(options = {}) {
  return new Compressor(resolveCompression({ thresholdBytes: 0, ...options })!, 'server');
}

function releaseAll(): void {
  // What was used since the last time is kept once more.
  deflateStates.sweep();
  deflateStates.sweep();
}

afterEach(releaseAll);

describe('states of zlib that are kept', () => {
  test('are given back although the timers were fake when they were opened', async () => {
    vi.useFakeTimers();
    const { deflation } = new Sender(makeCompressor({ serverNoContextTakeover: false }));
    deflation.sent(Buffer.from('kept'), deflation.deflate(Buffer.from('kept'))!);
    expect(deflateStates.size).toBe(1);
    vi.useRealTimers();
    await vi.waitFor(() => expect(deflateStates.size).toBe(0), 20_000);
  });

  const takeover = { serverNoContextTakeover: false, clientNoContextTakeover: false };
  /** Of all sizes, and alike. */
  const payloads = Array.from({ length: 41 }, (_, i) =>
    Buffer.concat([
      randomBytes(i % 7),
      Buffer.from(`{"id":${i},"name":"number ${i}"}`.repeat(i * (i % 5) * 3)),
    ]),
  );

  /** As a broadcast does: once for all that were sent the same. */
  function broadcast(senders: readonly Sender[], data: Uint8Array): void {
    for (const history of new Set(senders.map(({ deflation }) => deflation.history))) {
      const alike = senders.filter(({ deflation }) => deflation.history === history);
      const deflated = alike[0]!.deflation.deflate(data, history)!;
      const after = history.after(data);
      deflateStates.advance(history, deflated, after);
      for (const sender of alike) {
        sender.deflation.history = after;
        sender.expectReadable(data, deflated);
      }
    }
  }

  function sendInFragments({ deflation }: Sender, data: Uint8Array): Uint8Array {
    const parts = [data.subarray(0, data.length / 2), data.subarray(data.length / 2)];
    const deflated = parts.map((part, i) => {
      const fragment = deflation.deflateFragment(part, i === 1);
      deflation.sent(part, fragment);
      return fragment;
    });
    return Buffer.concat(deflated);
  }

  type Action = (sender: Sender, data: Uint8Array, all: readonly Sender[]) => void;
  const ACTIONS: readonly Action[] = [
    (sender, data) => sender.send(data),
    // It got no smaller.
    ({ deflation }, data) => deflation.deflate(data),
    (sender, data) => {
      const deflated = sender.deflation.deflate(data, sender.deflation.noHistory)!;
      sender.deflation.sent(data, deflated);
      sender.expectReadable(data, deflated);
    },
    (sender, data) => sender.expectReadable(data, sendInFragments(sender, data)),
    (_sender, data, all) => broadcast(all, data),
    () => deflateStates.sweep(),
  ];

  test.each([
    ['with context takeover', takeover],
    ['with the smallest window', { ...takeover, serverMaxWindowBits: 8 }],
    ['without context takeover', {}],
    ['without compression', { ...takeover, level: 0 }],
  ])('every message %s can be read by its recipient', (_, options) => {
    const step = fc.record({
      act: fc.constantFrom(...ACTIONS),
      by: fc.nat(2),
      data: fc.constantFrom(...payloads),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const compressor = makeCompressor(options);
        const senders = [0, 1, 2].map(() => new Sender(compressor));
        for (const { act, by, data } of steps) act(senders[by]!, data, senders);
      }),
    );
  });

  test('one that was opened with a history, and has gone on, is not taken back there', () => {
    const sender = new Sender(makeCompressor(takeover));
    const [first, second] = [randomBytes(600), randomBytes(700)];
    sender.send(first);
    releaseAll();
    sender.send(second);
    sender.deflation.deflate(randomBytes(100));
    sender.send(first);
  });

  test('one that is used stays, and one that is not is given back', () => {
    const [busy, idle] = [makeCompressor(takeover), makeCompressor(takeover)].map((of) => new Sender(of));
    busy!.send(payloads[9]!);
    idle!.send(payloads[9]!);
    expect(deflateStates.size).toBe(2);
    deflateStates.sweep();
    busy!.send(payloads[9]!);
    deflateStates.sweep();
    expect(deflateStates.size).toBe(1);
    deflateStates.sweep();
    expect(deflateStates.size).toBe(0);
    idle!.send(payloads[9]!);
    expect(deflateStates.size).toBe(1);
  });

  test('one whose connection is sent what another made, or none, leaves room for others', () => {
    const sender = new Sender(makeCompressor(takeover));
    const large = Buffer.alloc(10_000, 'Hello');
    sender.send(payloads[9]!);
    sender.send(large);
    expect(deflateStates.size).toBe(0);
    sender.send(payloads[9]!);
    sender.deflation.sent(payloads[8]!, null);
    expect(deflateStates.size).toBe(0);
  });

  test('they are given back without being asked', async () => {
    new Sender(makeCompressor(takeover)).send(payloads[9]!);
    await expect.poll(() => deflateStates.size, { timeout: 5000 }).toBe(0);
  });

  test('they keep nothing of the context in which they were opened', async () => {
    const storage = new AsyncLocalStorage<object>();
    const isGone = isCollected((store) =>
      storage.run(store, () => new Sender(makeCompressor(takeover)).send(payloads[9]!)),
    );
    expect(deflateStates.size).toBe(1);
    expect(await isGone).toBe(true);
  });

  test('there are 128 at most, and who has none compresses as well', () => {
    const compressor = makeCompressor(takeover);
    const senders = Array.from({ length: 140 }, () => new Sender(compressor));
    for (const data of [payloads[9]!, payloads[8]!, payloads[9]!]) {
      for (const sender of senders) sender.send(data);
      expect(deflateStates.size).toBe(128);
    }
  });

  test('one that cannot get its memory leaves none behind', () => {
    const settings = { ...resolveCompression(true)!, zlib: { level: 99 } };
    const deflation = new Compressor(settings, 'server').agree(settings.wanted);
    expect(() => deflation.deflate(Buffer.from('Hello'))).toThrow('level');
    expect(deflateStates.size).toBe(0);
  });
});

describe('a Node whose zlib is not as expected', () => {
  afterEach(() => {
    vi.doUnmock('node:zlib');
    vi.resetModules();
  });

  test('messages are compressed and inflated by its functions', async () => {
    vi.resetModules();
    vi.doMock('node:zlib', async (importActual) => ({
      ...(await importActual<typeof import('node:zlib')>()),
      createInflateRaw: () => ({}),
    }));
    const { Compressor: OtherCompressor } = await import('../../src/compression/compressor.ts');
    const { deflateStates: otherStates } = await import('../../src/compression/deflate-states.ts');
    const settings = resolveCompression({ serverNoContextTakeover: false, clientNoContextTakeover: false })!;
    const sender = new OtherCompressor(settings, 'client').agree(settings.wanted);
    const receiver = new OtherCompressor(settings, 'server').agree(settings.wanted);
    for (const text of ['Hello', 'Hello, hello']) {
      const deflated = sender.deflate(Buffer.from(text))!;
      sender.sent(Buffer.from(text), deflated);
      expect(Buffer.from(receiver.inflate(deflated, 100) as Uint8Array).toString()).toBe(text);
    }
    expect(otherStates.size).toBe(0);
  });
});

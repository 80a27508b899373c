import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageHistory } from '../../src/compression/message-history.ts';

describe('RFC 7692 7.2.3.2 what the next message may refer to', () => {
  test('history of nothing is nothing', () => {
    const history = new MessageHistory(512);
    history.append(new Uint8Array(0));
    expect(history.end).toBeUndefined();
  });

  test('history is the end of all that was appended, whatever its sizes', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(pieces, fc.constantFrom(256, 1024, 8192, 32_768), (appended, maxBytes) => {
        const history = new MessageHistory(maxBytes);
        for (const piece of appended) history.append(piece);
        const all = Buffer.concat(appended);
        const end = Buffer.from(history.end ?? []);
        expect(end.equals(all.subarray(Math.max(0, all.length - maxBytes)))).toBe(true);
      }),
    );
  });

  test('history takes a quarter more than it keeps, at most', () => {
    const history = new MessageHistory(32_768);
    for (let i = 0; i < 100; i++) history.append(new Uint8Array(5000));
    expect(history.end).toHaveLength(32_768);
    expect(history.end!.buffer.byteLength).toBe(40_960);
  });

  test('history of little takes little', () => {
    const history = new MessageHistory(32_768);
    history.append(new Uint8Array(1000));
    expect(history.end!.buffer.byteLength).toBe(2048);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageHistory } from '../../src/compression/message-history.ts';

describe('RFC 7692 7.2.3.2 what the next message may refer to', () => {
  test('history of nothing is nothing', () => {
    const history = new MessageHistory(9, 512);
    expect(history.end).toBeUndefined();
    expect(history.after(new Uint8Array(0))).toBe(history);
  });

  test('history without context takeover stays nothing', () => {
    const history = new MessageHistory(15, 0);
    expect(history.after(Buffer.from('abc'))).toBe(history);
  });

  test('history is the end of all that was sent, whatever its sizes, and never changes', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(pieces, fc.constantFrom(256, 1024, 8192, 32_768), (sent, maxBytes) => {
        const histories = [new MessageHistory(15, maxBytes)];
        for (const piece of sent) histories.push(histories.at(-1)!.after(piece));
        // Another branch writes behind the same beginnings.
        for (const history of histories) history.after(Buffer.from('something else'));
        histories.forEach((history, count) => {
          const all = Buffer.concat(sent.slice(0, count));
          const end = Buffer.from(history.end ?? []);
          expect(end.equals(all.subarray(Math.max(0, all.length - maxBytes)))).toBe(true);
        });
      }),
    );
  });

  test('histories are alike when their ends and their windows are', () => {
    const after = (windowBits: number, ...texts: string[]) =>
      texts.reduce((history, text) => history.after(Buffer.from(text)), new MessageHistory(windowBits, 512));
    expect(after(9, 'ab', 'c').equals(after(9, 'abc'))).toBe(true);
    expect(after(9, 'abc').equals(after(9, 'abd'))).toBe(false);
    expect(after(9, 'abc').equals(after(10, 'abc'))).toBe(false);
    expect(after(9).equals(after(9))).toBe(true);
    expect(after(9).equals(after(9, 'a'))).toBe(false);
    expect(after(9, 'x'.repeat(600), 'a').equals(after(9, 'y', 'x'.repeat(600), 'a'))).toBe(true);
  });

  test('history takes twice what it keeps, at most', () => {
    let history = new MessageHistory(15, 32_768);
    for (let i = 0; i < 100; i++) history = history.after(new Uint8Array(5000));
    expect(history.end).toHaveLength(32_768);
    expect(history.end!.buffer.byteLength).toBe(65_536);
  });

  test('history of little takes little', () => {
    const history = new MessageHistory(15, 32_768).after(new Uint8Array(1000));
    expect(history.end!.buffer.byteLength).toBe(2048);
  });
});

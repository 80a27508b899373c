import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteList } from '../../src/websocket/byte-list.ts';
import { bytes, concat, hex, pattern, utf8 } from './frame-notation.ts';
import { TestNatives } from './recorder.ts';

/** Bytes of memory that the parts keep alive, each buffer once. */
function retainedBytes(list: ByteList): number {
  const buffers = new Set(list.parts().map(({ buffer }) => buffer));
  return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function listOf(...pieces: readonly Uint8Array[]): ByteList {
  const list = new ByteList(new TestNatives());
  for (const piece of pieces) list.append(piece, 0, piece.length);
  return list;
}

/** Pieces of any size, in buffers of any size. */
const piece = fc
  .record({
    byteLength: fc.oneof({ weight: 3, arbitrary: fc.nat(300) }, fc.integer({ min: 4000, max: 70_000 })),
    spareBytes: fc.oneof(fc.constant(0), fc.nat(100), fc.nat(70_000)),
  })
  .map(({ byteLength, spareBytes }) => {
    const offset = spareBytes >> 1;
    const chunk = new Uint8Array(byteLength + spareBytes);
    chunk.set(pattern(byteLength), offset);
    return { chunk, start: offset, end: offset + byteLength };
  });

describe('bytes that wait', () => {
  it('ByteList joins what was appended behind the headroom', () => {
    const list = listOf(utf8('ab'), utf8('c'), utf8(''), utf8('def'));
    expect(hex(list.join())).toBe(hex(utf8('abcdef')));
    expect(hex(list.join(3).subarray(3))).toBe(hex(utf8('abcdef')));
  });

  it('ByteList joins to nothing when nothing was appended', () => {
    expect(listOf().parts()).toEqual([]);
    expect(listOf(utf8('')).join()).toHaveLength(0);
    expect(listOf().join(4)).toHaveLength(4);
  });

  it('ByteList takes only the bytes between the bounds', () => {
    const list = new ByteList(new TestNatives());
    list.append(bytes('00 11 22 33 44'), 1, 3);
    list.append(bytes('55 66'), 1, 2);
    expect(hex(list.join())).toBe('112266');
  });

  it('ByteList keeps a copy of a small piece', () => {
    const small = utf8('small');
    const list = listOf(small);
    small.fill(0);
    expect(hex(list.join())).toBe(hex(utf8('small')));
  });

  it('ByteList keeps a view of a large piece that fills half of its memory', () => {
    const chunk = pattern(8192);
    const list = new ByteList(new TestNatives());
    list.append(chunk, 0, 4096);
    expect(list.join().buffer).toBe(chunk.buffer);
  });

  it.each([
    ['under 4 KiB', 4095, 4095],
    ['of less than half of its memory', 8193, 4096],
  ])('ByteList copies a piece %s', (_, chunkBytes, pieceBytes) => {
    const chunk = pattern(chunkBytes);
    const list = new ByteList(new TestNatives());
    list.append(chunk, 0, pieceBytes);
    expect(list.join().buffer).not.toBe(chunk.buffer);
    expect(hex(list.join())).toBe(hex(chunk.subarray(0, pieceBytes)));
  });

  it('ByteList keeps the order of views and copies', () => {
    const large = pattern(5000);
    const list = listOf(utf8('a'), large, utf8('b'), large, utf8('c'));
    expect(hex(list.join())).toBe(hex(concat([utf8('a'), large, utf8('b'), large, utf8('c')])));
    expect(list.parts()).toHaveLength(5);
  });

  it('ByteList allocates at most three times the bytes of a million small pieces', () => {
    const natives = new TestNatives();
    const list = new ByteList(natives);
    const chunk = pattern(65_536);
    for (let i = 0; i < 1_000_000; i++) list.append(chunk, i & 0xffff, (i & 0xffff) + 1);
    expect(natives.allocatedBytes).toBeLessThan(3_000_000);
    expect(list.parts().length).toBeLessThan(20);
    expect(retainedBytes(list)).toBeLessThan(1_100_000);
  });

  it('ByteList has lent pieces, of as many bytes as were expected, in one place behind the headroom', () => {
    const natives = new TestNatives();
    const list = new ByteList(natives);
    const whole = pattern(300_000);
    for (let at = 0; at < whole.length; at += 50_000)
      list.appendLent(whole, at, at + 50_000, whole.length, 10);
    const joined = list.join(4);
    expect(hex(joined.subarray(4))).toBe(hex(whole));
    expect(natives.allocatedBytes).toBeLessThan(whole.length + 100);
  });

  it('ByteList makes memory for no more than 16 times the lent bytes that are here', () => {
    const natives = new TestNatives();
    const list = new ByteList(natives);
    const piece = pattern(65_536);
    let keptBytes = 0;
    for (let count = 1; count <= 40; count++) {
      const allocatedBytes = natives.allocatedBytes;
      list.appendLent(piece, 0, piece.length, 100_000_000, 10);
      keptBytes += piece.length;
      expect(natives.allocatedBytes - allocatedBytes).toBeLessThanOrEqual(16 * keptBytes + 10);
    }
    expect(list.join()).toHaveLength(keptBytes);
  });

  it('ByteList moves lent pieces that nobody expected only when they have doubled', () => {
    const natives = new TestNatives();
    const list = new ByteList(natives);
    const chunk = pattern(4096);
    for (let count = 1; count <= 1000; count++) list.appendLent(chunk, 0, 4096, count * 4096, 10);
    expect(natives.allocatedBytes).toBeLessThan(5 * 1000 * 4096);
    expect(list.join()).toHaveLength(1000 * 4096);
  });

  it('ByteList gives back any pieces, lent and own, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, fc.boolean(), fc.nat(70_000)), { maxLength: 12 }), (pieces) => {
        const list = new ByteList(new TestNatives());
        let expectedBytes = 0;
        for (const [{ chunk, start, end }, isLent, moreBytes] of pieces) {
          expectedBytes += end - start;
          if (!isLent) {
            list.append(chunk, start, end);
            continue;
          }
          const lent = chunk.slice();
          list.appendLent(lent, start, end, expectedBytes + moreBytes, moreBytes % 2 === 0 ? 10 : 0);
          lent.fill(0xee);
        }
        const whole = concat(pieces.map(([{ chunk, start, end }]) => chunk.subarray(start, end)));
        expect(hex(list.join(5).subarray(5))).toBe(hex(whole));
        expect(hex(concat(list.parts()))).toBe(hex(whole));
        expect(hex(list.join())).toBe(hex(whole));
      }),
      { numRuns: 100 },
    );
  });

  it('ByteList gives back any pieces in order and retains at most thrice their bytes', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const list = new ByteList(new TestNatives());
        for (const { chunk, start, end } of pieces) list.append(chunk, start, end);
        const whole = concat(pieces.map(({ chunk, start, end }) => chunk.subarray(start, end)));
        expect(retainedBytes(list)).toBeLessThanOrEqual(3 * whole.length + 256);
        expect(hex(concat(list.parts()))).toBe(hex(whole));
        expect(hex(list.join())).toBe(hex(whole));
      }),
      { numRuns: 60 },
    );
  });
});

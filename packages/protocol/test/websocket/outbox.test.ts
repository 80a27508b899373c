import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeFrame } from '../../src/websocket/frame-writer.ts';
import { Outbox } from '../../src/websocket/outbox.ts';
import { Slab } from '../../src/websocket/slab.ts';
import { bytes, concat, hex, pattern, utf8 } from './frame-notation.ts';
import { TestNatives } from './recorder.ts';

const MEMORY = pattern(9000);

/** A run that goes on where the last one ended, or begins anywhere; or another call. */
const step = fc.oneof(
  fc.record({
    start: fc.option(fc.nat(500), { nil: undefined }),
    length: fc.oneof(fc.nat(50), fc.nat(8000)),
  }),
  fc.constantFrom('hold', 'take', 'takeSome', 'takeSingle'),
);

function open(): { outbox: Outbox; slab: Slab } {
  const slab = new Slab(new TestNatives());
  return { outbox: new Outbox(slab), slab };
}

describe('outbox', () => {
  it('outbox gives nothing when nothing waits', () => {
    const { outbox } = open();
    expect(outbox.takeSingle()).toBeNull();
    expect(outbox.take()).toEqual([]);
    expect(outbox.byteLength).toBe(0);
  });

  it('outbox joins runs that lie one behind the other', () => {
    const { outbox } = open();
    const memory = pattern(100);
    outbox.append(memory, 10, 20);
    outbox.append(memory, 20, 30);
    expect(outbox.byteLength).toBe(20);
    const single = outbox.takeSingle()!;
    expect([single.buffer, single.byteOffset, single.length]).toEqual([memory.buffer, 10, 20]);
    expect(outbox.byteLength).toBe(0);
    expect(outbox.takeSingle()).toBeNull();
  });

  it('outbox joins frames to the text before them', () => {
    const { outbox, slab } = open();
    outbox.appendLatin1('X: \xe9\r\n\r\n');
    writeFrame(outbox, slab, 0x82, Uint8Array.of(1, 2), null);
    expect(hex(outbox.takeSingle()!)).toBe(hex(bytes('58 3a 20 e9 0d 0a 0d 0a 82 02 01 02')));
  });

  it.each([
    ['leave a gap', 21, 30],
    ['overlap', 19, 30],
    ['repeat', 10, 20],
    ['precede', 0, 10],
  ])('outbox keeps runs apart that %s', (_, start, end) => {
    const { outbox } = open();
    const memory = pattern(100);
    outbox.append(memory, 10, 20);
    outbox.append(memory, start, end);
    expect(outbox.takeSingle()).toBeNull();
    expect(outbox.take().map(hex)).toEqual([hex(memory.subarray(10, 20)), hex(memory.subarray(start, end))]);
    expect(outbox.byteLength).toBe(0);
  });

  it('outbox gives the same view to each recipient of a broadcast', () => {
    const { outbox, slab } = open();
    const other = new Outbox(slab);
    outbox.append(slab.bytes, 5, 50);
    other.append(slab.bytes, 5, 50);
    expect(other.takeSingle()).toBe(outbox.takeSingle());
  });

  it('outbox leaves no view of foreign memory behind', () => {
    const { outbox, slab } = open();
    const other = new Outbox(slab);
    const memory = pattern(100);
    outbox.append(memory, 5, 50);
    other.append(memory, 5, 50);
    expect(other.takeSingle()).not.toBe(outbox.takeSingle());
  });

  it('outbox gives as many bytes as asked for, and keeps the rest in order', () => {
    const { outbox } = open();
    const memory = pattern(300);
    outbox.append(memory, 0, 100);
    outbox.append(memory, 150, 250);
    outbox.append(memory, 260, 300);
    expect(outbox.take(130).map(hex)).toEqual([hex(memory.subarray(0, 100)), hex(memory.subarray(150, 180))]);
    expect(outbox.byteLength).toBe(110);
    expect(outbox.take(70).map(hex)).toEqual([hex(memory.subarray(180, 250))]);
    outbox.append(memory, 5, 10);
    expect(outbox.take(1_000).map(hex)).toEqual([
      hex(memory.subarray(260, 300)),
      hex(memory.subarray(5, 10)),
    ]);
    expect(outbox.byteLength).toBe(0);
  });

  it('outbox on hold keeps copies of small runs and views of large ones', () => {
    const { outbox } = open();
    const small = utf8('small');
    const large = pattern(5000);
    outbox.append(small, 0, 5);
    outbox.hold();
    outbox.append(small, 0, 5);
    outbox.append(large, 0, 5000);
    small.fill(0);
    expect(outbox.byteLength).toBe(5010);
    expect(outbox.takeSingle()).toBeNull();
    const parts = outbox.take();
    expect(hex(parts[0]!)).toBe(hex(utf8('smallsmall')));
    expect(parts[1]!.buffer).toBe(large.buffer);
    expect(outbox.byteLength).toBe(0);
  });

  it('outbox on hold is held again for nothing', () => {
    const { outbox, slab } = open();
    outbox.append(MEMORY, 0, 100);
    outbox.hold();
    const { allocatedBytes } = slab.natives as TestNatives;
    outbox.hold();
    expect(slab.natives).toHaveProperty('allocatedBytes', allocatedBytes);
    expect(outbox.byteLength).toBe(100);
  });

  it('outbox on hold is on hold no more when it was taken', () => {
    const { outbox } = open();
    outbox.hold();
    outbox.append(utf8('a'), 0, 1);
    outbox.hold();
    expect(outbox.byteLength).toBe(1);
    expect(outbox.take()).toHaveLength(1);
    const memory = utf8('bc');
    outbox.append(memory, 0, 2);
    expect(outbox.takeSingle()!.buffer).toBe(memory.buffer);
  });

  it('outbox gives back the bytes of any appends, holds and takes in order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { outbox } = open();
        const taken: Uint8Array[] = [];
        const appended: Uint8Array[] = [];
        const calls: Record<string, () => void> = {
          hold: () => outbox.hold(),
          take: () => taken.push(...outbox.take()),
          takeSome: () => taken.push(...outbox.take(1000)),
          takeSingle: () => taken.push(outbox.takeSingle() ?? new Uint8Array(0)),
        };
        let end = 0;
        for (const action of steps) {
          if (typeof action === 'string') {
            calls[action]!();
          } else {
            const start = action.start ?? end;
            end = Math.min(start + action.length, MEMORY.length);
            outbox.append(MEMORY, start, end);
            appended.push(MEMORY.subarray(start, end));
          }
          expect(outbox.byteLength).toBe(concat(appended).length - concat(taken).length);
        }
        taken.push(...outbox.take());
        expect(hex(concat(taken))).toBe(hex(concat(appended)));
      }),
      { numRuns: 200 },
    );
  });
});

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Slab } from '../../src/websocket/slab.ts';
import { TestNatives } from './recorder.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Masks a frame of 100,000 bytes, as a client does. */
function sendLarge(slab: Slab): WeakRef<object> {
  slab.reserve(100_000);
  const memory = new WeakRef(slab.chunk.bytes);
  slab.take(100_000);
  return memory;
}

describe('shared output memory', () => {
  it('slab keeps its memory while there is room', () => {
    const slab = new Slab(new TestNatives());
    const { bytes } = slab;
    slab.reserve(4096);
    slab.used = 4000;
    slab.reserve(96);
    expect(slab.bytes).toBe(bytes);
    expect(slab.used).toBe(4000);
  });

  it('slab doubles up to 64 KiB each time that it is full', () => {
    const slab = new Slab(new TestNatives());
    const sizes = [0, 1, 2, 3, 4, 5].map(() => {
      slab.used = slab.bytes.length;
      slab.reserve(1);
      return slab.bytes.length;
    });
    expect(sizes).toEqual([8192, 16_384, 32_768, 65_536, 65_536, 65_536]);
    expect(slab.used).toBe(0);
  });

  it('slab makes as much room as a large frame takes, once', () => {
    const slab = new Slab(new TestNatives());
    slab.reserve(100_000);
    expect(slab.bytes).toHaveLength(100_000);
    slab.take(100_000);
    // What the frame alone needed is kept for nobody.
    expect(slab.bytes).toHaveLength(0);
    slab.reserve(1);
    expect(slab.bytes).toHaveLength(4096);
  });

  it('slab lets the memory of a large frame go when it was masked', async () => {
    const slab = new Slab(new TestNatives());
    const memory = sendLarge(slab);
    await new Promise(setImmediate);
    collectGarbage();
    expect(memory.deref() === undefined).toBe(true);
    expect(slab.used).toBe(0);
  });

  it('slab gives the same view when asked twice in a row', () => {
    const slab = new Slab(new TestNatives());
    const view = slab.view(slab.bytes, 3, 10);
    expect([view.byteOffset, view.length]).toEqual([3, 7]);
    expect(slab.view(slab.bytes, 3, 10)).toBe(view);
  });

  it.each([
    ['place', 4, 11],
    ['length', 3, 11],
  ])('slab gives another view when the %s differs', (_, start, end) => {
    const slab = new Slab(new TestNatives());
    const view = slab.view(slab.bytes, 3, 10);
    const other = slab.view(slab.bytes, start, end);
    expect(other).not.toBe(view);
    expect([other.byteOffset, other.length]).toEqual([start, end - start]);
  });

  it('slab gives another view of other memory', () => {
    const slab = new Slab(new TestNatives());
    const view = slab.view(slab.bytes, 8, 16);
    const memory = new Uint8Array(new ArrayBuffer(64), 8, 40);
    const other = slab.view(memory, 0, 8);
    expect(other).not.toBe(view);
    expect([other.buffer, other.byteOffset]).toEqual([memory.buffer, 8]);
  });
});

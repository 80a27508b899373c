import { describe, expect, it } from 'vitest';
import { Chunk } from '../../src/websocket/chunk.ts';
import { embed, hex, pattern } from './frame-notation.ts';
import { TestNatives } from './recorder.ts';

describe('chunks', () => {
  it('chunk of 128 bytes or more gives the whole words of the memory that it lies in, when it is masked', () => {
    const natives = new TestNatives();
    const words = (byteLength: number, isMasked: boolean) =>
      new Chunk(natives, new Uint8Array(new ArrayBuffer(byteLength + 7), 3, byteLength), isMasked).words;
    expect(words(127, true)).toBeNull();
    expect(words(128, false)).toBeNull();
    expect(words(128, true)).toHaveLength(33);
  });

  it.each([
    [
      'by the runtime',
      (memory: ArrayBufferLike, at: number, length: number) => new Uint8Array(memory, at, length),
    ],
    ['by itself', undefined],
  ])('chunk is sliced %s, short or long, masked or not, without a copy', (_, view) => {
    const natives = new TestNatives();
    natives.view = view;
    for (const byteLength of [5, 200]) {
      for (const isMasked of [true, false]) {
        const bytes = embed(pattern(byteLength), 3);
        const chunk = new Chunk(natives, bytes, isMasked);
        expect(hex(chunk.slice(1, 4))).toBe(hex(bytes.subarray(1, 4)));
        const slice = chunk.slice(2, byteLength);
        bytes[2] = 99;
        expect([slice.length, slice[0]]).toEqual([byteLength - 2, 99]);
        expect(chunk.slice(1, 1)).toHaveLength(0);
      }
    }
  });
});

import { describe, expect, test, vi } from 'vitest';
import { openInflation } from '../../src/compression/zlib-state.ts';

const memory = vi.hoisted(() => ({ suffices: true }));

vi.mock('node:zlib', async (importActual) => {
  const actual = await importActual<typeof import('node:zlib')>();
  return { ...actual, createInflateRaw: () => limitMemory(actual.createInflateRaw()) };
});

/** As Node does: it takes the memory at the first use, and reports that there is none. At a second it would end. */
function limitMemory(stream: object): object {
  const { _handle: handle } = stream as { _handle: { reset(): void; onerror(...args: unknown[]): void } };
  const reset = handle.reset.bind(handle);
  handle.reset = () => {
    if (memory.suffices) reset();
    else handle.onerror('Zlib error', -4, 'Z_MEM_ERROR');
  };
  return stream;
}

describe('state of zlib', () => {
  test('state to inflate with takes its memory when it is opened, and throws where there is none', () => {
    expect(openInflation()).not.toBeNull();
    memory.suffices = false;
    expect(openInflation).toThrow(expect.objectContaining({ code: 'Z_MEM_ERROR' }));
    memory.suffices = true;
    expect(openInflation()).not.toBeNull();
  });
});

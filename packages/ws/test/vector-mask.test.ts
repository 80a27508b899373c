import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVectorMask } from '../src/vector-mask.ts';

const { mask, page } = createVectorMask()!;
const KEY = 0x8421_c3f7;

function expected(bytes: Uint8Array, key: number): Uint8Array {
  return bytes.map((byte, i) => byte ^ (key >>> ((i & 3) * 8)));
}

describe('masking with vectors', () => {
  test.each([
    ['in memory of its own', () => new Uint8Array(200_000)],
    ["in the module's memory", () => page.fill(0)],
  ])('%s, any bytes at any place come out as byte by byte, and no others change', (_, memory) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(70), fc.boolean(), (piece, start, isLong) => {
        const bytes = memory();
        const payload = isLong
          ? Uint8Array.from({ length: 65_000 }, (_, i) => piece[i % piece.length] ?? i)
          : piece;
        const end = start + payload.length;
        bytes.fill(0xa5);
        bytes.set(payload, start);
        const result = expected(payload, KEY);
        expect(mask(bytes, start, end, KEY)).toBe(result.every((byte) => byte < 0x80));
        expect(Buffer.compare(bytes.subarray(start, end), result)).toBe(0);
        expect([bytes[start - 1] ?? 0xa5, bytes[end]]).toEqual([0xa5, 0xa5]);
      }),
      { numRuns: 200 },
    );
  });

  test('a piece of more than the memory has is masked page by page', () => {
    const payload = Uint8Array.from({ length: 150_001 }, (_, i) => i % 251);
    const bytes = payload.slice();
    mask(bytes, 0, bytes.length, KEY);
    expect(Buffer.compare(bytes, expected(payload, KEY))).toBe(0);
  });

  test('all that is ASCII is found to be, wherever a byte that is not lies', () => {
    for (const memory of [new Uint8Array(1000), page.subarray(0, 1000)]) {
      for (let odd = 0; odd < 100; odd++) {
        memory.fill(0x41);
        expect(mask(memory, 0, 100, 0)).toBe(true);
        memory[odd] = 0xc3;
        expect(mask(memory, 0, 100, 0)).toBe(false);
      }
    }
  });

  // V8 reserves addresses for what WebAssembly may want, more than this.
  test.skipIf(process.platform === 'win32')('where a process has few addresses, it is done without', () => {
    const program = "require('@hawser/ws'); console.log('loaded')";
    const command = 'ulimit -v 4000000 && exec "$0" -e "$1"';
    const output = execFileSync('sh', ['-c', command, process.execPath, program], {
      cwd: join(__dirname, '..'),
      encoding: 'utf8',
    });
    expect(output).toBe('loaded\n');
  });
});

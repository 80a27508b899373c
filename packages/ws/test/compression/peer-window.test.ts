import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PeerWindow } from '../../src/compression/peer-window.ts';

describe('RFC 7692 7.2.3.2 what the next message of a peer may refer to', () => {
  test('window of nothing has no pieces', () => {
    const window = new PeerWindow(512);
    window.push(new Uint8Array(0));
    expect(window.pieces).toEqual([]);
  });

  test('window without context takeover stays nothing', () => {
    const window = new PeerWindow(0);
    window.push(Buffer.from('abc'));
    expect(window.pieces).toEqual([]);
  });

  test('window is the end of all that came, whatever its sizes, in two pieces at most', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(pieces, fc.constantFrom(256, 1024, 8192, 32_768), (sent, maxBytes) => {
        const window = new PeerWindow(maxBytes);
        let all = Buffer.alloc(0);
        for (const piece of sent) {
          window.push(piece);
          all = Buffer.concat([all, piece]);
          expect(window.pieces.length).toBeLessThanOrEqual(2);
          expect(Buffer.concat(window.pieces).equals(all.subarray(-maxBytes))).toBe(true);
        }
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../src/engineio/codec.ts';
import { countFitting } from '../../src/engineio/payload-budget.ts';
import { packetV4 } from './arbitraries.ts';
import { EngineTestNatives } from './natives.ts';

const natives = new EngineTestNatives();

describe('Engine.IO 4 maxPayload', () => {
  it('countFitting takes as many packets as fit, and one at least', () => {
    const codec = createCodec(4, natives, { maxPayloadLength: 1_000_000, maxPackets: 1000 });
    fc.assert(
      fc.property(fc.array(packetV4, { minLength: 1, maxLength: 8 }), fc.nat(300), (packets, maxBytes) => {
        const bytesOf = (count: number) =>
          Buffer.byteLength(codec.encodePayload(packets.slice(0, count), false) as string);
        const count = countFitting(natives, packets, maxBytes);
        if (count > 1) expect(bytesOf(count)).toBeLessThanOrEqual(maxBytes);
        if (count < packets.length) expect(bytesOf(count + 1)).toBeGreaterThan(maxBytes);
        expect(count).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });

  it('countFitting takes none of none', () => {
    expect(countFitting(natives, [], 10)).toBe(0);
  });
});

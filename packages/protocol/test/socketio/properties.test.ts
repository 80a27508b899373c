import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Encoder, isBufferOrView } from '../../src/socketio/encoder.ts';
import { VIOLATIONS } from '../../src/socketio/errors.ts';
import { packet } from './arbitraries.ts';
import { openDecoder } from './recorder.ts';

const encoder = new Encoder({ isBinary: isBufferOrView });

/** Text that is nearly a packet. */
const nearText = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(...'0123456-/,[]{}":a'), maxLength: 20 }),
  fc
    .tuple(packet, fc.nat(), fc.string({ unit: fc.constantFrom(...'0156-/,[]{}"_'), maxLength: 2 }))
    .map(([value, place, noise]) => {
      const { text } = encoder.encode(value);
      const at = place % (text.length + 1);
      return text.slice(0, at) + noise + text.slice(at + 1);
    }),
  fc
    .tuple(fc.nat(3), fc.anything({ values: [fc.constant({ _placeholder: true, num: 0 }), fc.integer()] }))
    .map(([count, value]) => `5${count}-["e",${JSON.stringify(value) ?? 'null'}]`),
);

const message = fc.oneof(
  { weight: 3, arbitrary: nearText },
  { weight: 2, arbitrary: packet.map((value) => encoder.encode(value).text) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 50 }) },
);

describe('Socket.IO packets, there and back', () => {
  it('decoder reads what the encoder wrote', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 4 }), (packets) => {
        const { receive } = openDecoder();
        for (const value of packets) {
          const { text, attachments } = encoder.encode(value);
          receive(text, ...(attachments as Buffer[]));
        }
        expect(openDecoder().trace).toEqual([]);
        expect(receive()).toEqual(packets.map((value) => ({ id: undefined, data: undefined, ...value })));
      }),
      { numRuns: 300 },
    );
  });
});

describe('hostile messages', () => {
  it('decoder throws at none, keeps to its limits, and says nothing after a violation', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
        const { receive } = openDecoder({ maxPacketLength: 200 });
        const trace = receive(...messages);
        const violations = trace.filter((call) => typeof call === 'string');
        expect(violations.length).toBeLessThanOrEqual(1);
        if (violations.length > 0) expect(trace.indexOf(violations[0]!)).toBe(trace.length - 1);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('Socket.IO violations', () => {
  it.each(Object.entries(VIOLATIONS))('%s has words that may travel', (code, words) => {
    expect(code).toMatch(/^SIO_ERR_[A-Z0-9_]+$/);
    expect(words).toMatch(/^[\x20-\x7e]{1,75}$/);
  });
});

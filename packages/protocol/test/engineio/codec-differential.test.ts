import * as parser4 from 'engine.io-parser';
import parser3 from 'engine.io-parser-2';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../src/engineio/codec.ts';
import type { Packet } from '../../src/engineio/packet.ts';
import { packetV3, packetV4 } from './arbitraries.ts';
import { EngineTestNatives } from './natives.ts';

const LIMITS = { maxPayloadLength: 1_000_000, maxPackets: 1000 };

/** Upstream leaves out data that is empty, and hands out Buffers. */
function normalize({ type, data }: { readonly type: string; readonly data?: unknown }): unknown {
  if (data === undefined) return { type, data: '' };
  return { type, data: typeof data === 'string' ? data : Uint8Array.from(data as Uint8Array) };
}

/** What upstream takes bytes for is a Buffer. */
function forUpstream({ type, data }: Packet): { type: Packet['type']; data: string | Buffer } {
  return { type, data: typeof data === 'string' ? data : Buffer.from(data) };
}

function plain(wire: string | Uint8Array): string | Uint8Array {
  return typeof wire === 'string' ? wire : Uint8Array.from(wire);
}

/** The result of a callback that is called at once. */
function resultOf<T>(call: (callback: (result: T) => void) => void): T {
  const results: T[] = [];
  call((result) => results.push(result));
  expect(results.length).toBe(1);
  return results[0]!;
}

describe('Engine.IO 4 against engine.io-parser 5', () => {
  const codec = createCodec(4, new EngineTestNatives(), LIMITS);

  it('codec and upstream write the same frames, and read each other', () => {
    fc.assert(
      fc.property(packetV4, (packet) => {
        const ours = codec.encodeFrame(packet.type, packet.data);
        const theirs = resultOf<string | Buffer>((done) =>
          parser4.encodePacket(forUpstream(packet), true, done),
        );
        expect(plain(ours)).toEqual(plain(theirs));
        const read = parser4.decodePacket(typeof ours === 'string' ? ours : Buffer.from(ours));
        expect(normalize(read)).toEqual(packet);
      }),
    );
  });

  it('codec and upstream write the same payloads, and read each other', () => {
    fc.assert(
      fc.property(fc.array(packetV4, { minLength: 1, maxLength: 8 }), (packets) => {
        const ours = codec.encodePayload(packets, false) as string;
        const theirs = resultOf<string>((done) => parser4.encodePayload(packets.map(forUpstream), done));
        expect(ours).toBe(theirs);
        expect(parser4.decodePayload(ours).map(normalize)).toEqual(packets);
      }),
    );
  });

  it('codec reads of any payload what upstream reads, until something is wrong with it', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'01234567b=Aa\x1e€'), maxLength: 30 });
    fc.assert(
      fc.property(noise, (body) => {
        const { packets, violation } = codec.decodePayload(body);
        const theirs = parser4.decodePayload(body).map(normalize);
        expect(packets).toEqual(theirs.slice(0, packets.length));
        // Upstream takes anything for base64.
        if (violation !== 'EIO_ERR_INVALID_BASE64') {
          expect(theirs.slice(packets.length)).toEqual(
            violation === null ? [] : [{ type: 'error', data: 'parser error' }],
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('Engine.IO 3 against engine.io-parser 2', () => {
  const codec = createCodec(3, new EngineTestNatives(), LIMITS);

  it('codec and upstream write the same frames, and read each other', () => {
    fc.assert(
      fc.property(packetV3, (packet) => {
        const ours = codec.encodeFrame(packet.type, packet.data);
        const theirs = resultOf<string | Buffer>((done) =>
          parser3.encodePacket(forUpstream(packet), true, done),
        );
        expect(plain(ours)).toEqual(plain(theirs));
        const read = parser3.decodePacket(typeof ours === 'string' ? ours : Buffer.from(ours));
        expect(normalize(read)).toEqual(packet);
      }),
    );
  });

  it.each([true, false])(
    'codec and upstream write the same payloads, and read each other (binary: %s)',
    (binary) => {
      fc.assert(
        fc.property(fc.array(packetV3, { minLength: 1, maxLength: 8 }), (packets) => {
          const ours = codec.encodePayload(packets, binary);
          const theirs = resultOf<string | Buffer>((done) =>
            parser3.encodePayload(packets.map(forUpstream), binary, done),
          );
          expect(plain(ours)).toEqual(plain(theirs));
          const read: unknown[] = [];
          const body = typeof ours === 'string' ? ours : Buffer.from(ours);
          parser3.decodePayload(body, null, (packet) => read.push(normalize(packet)));
          expect(read).toEqual(packets);
        }),
      );
    },
  );
});

import * as ours from '@hawser/io/parser';
import fc from 'fast-check';
import * as upstream from 'socket.io-parser';
import { describe, expect, it } from 'vitest';

type Chunk = string | Buffer;

interface Reading {
  readonly packets: unknown[];
  /** What was thrown, after which nothing is read. */
  readonly error: string | null;
}

function read(parser: { Decoder: unknown }, chunks: readonly Chunk[]): Reading {
  const Decoder = parser.Decoder as typeof ours.Decoder;
  const decoder = new Decoder();
  const packets: unknown[] = [];
  decoder.on('decoded', (packet) => packets.push({ ...packet }));
  try {
    for (const chunk of chunks) decoder.add(chunk);
  } catch (error) {
    return { packets, error: (error as Error).message };
  }
  return { packets, error: null };
}

function write(parser: { Encoder: unknown }, packet: ours.Packet): unknown[] {
  return new (parser.Encoder as typeof ours.Encoder)().encode(packet);
}

const bytes = fc.uint8Array({ maxLength: 4 }).map((value) => Buffer.from(value));
// Upstream changes the prototype of what it puts together.
const key = fc.string({ maxLength: 3 }).filter((name) => name !== '__proto__');
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), fc.string({ maxLength: 4 }), bytes),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(key, tie('any'), { maxKeys: 3 }),
  ),
})).any;
const id = fc.option(fc.nat(), { nil: undefined });
const nsp = fc.constantFrom('/', '/a', '/a-b', undefined as unknown as string, '');
const event = fc.record({
  type: fc.constant(ours.PacketType.EVENT),
  nsp,
  id,
  data: fc.array(value, { maxLength: 4 }).map((args) => ['name', ...args]),
});
const ack = fc.record({
  type: fc.constant(ours.PacketType.ACK),
  nsp,
  id: fc.nat(),
  data: fc.array(value, { maxLength: 4 }),
});
const packet = fc.oneof(event, ack) as fc.Arbitrary<ours.Packet>;

function structure(original: ours.Packet): ours.Packet {
  const { type, nsp, data, id } = original;
  return id === undefined ? { type, nsp, data } : { type, nsp, data, id };
}

describe('against socket.io-parser', () => {
  it('exports what upstream exports, and what names the types', () => {
    expect(Object.keys(ours)).toEqual(expect.arrayContaining(Object.keys(upstream)));
    expect({ ...ours.PacketType }).toEqual({ ...upstream.PacketType });
    expect(ours.protocol).toBe(upstream.protocol);
  });

  it('encoder writes what upstream writes', () => {
    fc.assert(
      fc.property(packet, (original) => {
        expect(write(ours, original)).toEqual(write(upstream, structure(original)));
      }),
      { numRuns: 500 },
    );
  });

  it('encoder writes an id of null as none', () => {
    const original = { type: 2, nsp: '/', data: ['a'], id: null as unknown as number } as const;
    expect(write(ours, original)).toEqual(write(upstream, original));
  });

  it('decoder reads of packets what upstream reads', () => {
    fc.assert(
      fc.property(packet, (original) => {
        const chunks = write(upstream, structure(original)) as Chunk[];
        expect(read(ours, chunks)).toEqual(read(upstream, chunks));
      }),
      { numRuns: 500 },
    );
  });

  it('decoder throws as upstream throws', () => {
    const cases: Chunk[][] = [
      [''],
      ['7'],
      ['x'],
      ['5'],
      ['51'],
      ['50-["a"]'],
      ['5-["a"]'],
      ['51.5-["a"]'],
      ['511-["a"]'],
      ['2'],
      ['2{}'],
      ['2[]'],
      ['2[{}]'],
      ['2["disconnect"]'],
      ['2["a"'],
      ['0"a"'],
      ['1{}'],
      ['4'],
      ['4[]'],
      ['4{}'],
      ['3'],
      ['31{}'],
      [Buffer.from([1])],
      ['51-["a",{"_placeholder":true,"num":0}]', '2["b"]'],
      ['51-["a",{"_placeholder":true,"num":1}]', Buffer.from([1])],
      ['51-["a",{"_placeholder":true,"num":"0"}]', Buffer.from([1])],
      ['51-["a",{"_placeholder":true,"num":"splice"}]', Buffer.from([1])],
      ['2["a"]', Buffer.from([1])],
    ];
    const differences = cases
      .map((chunks) => ({
        chunks: String(chunks),
        ours: read(ours, chunks),
        upstream: read(upstream, chunks),
      }))
      .filter((both) => JSON.stringify(both.ours) !== JSON.stringify(both.upstream))
      .map(({ chunks, ours: { error } }) => [chunks, error]);
    // Upstream lets packets through that lack what their type has to have, and takes no text for a CONNECT.
    expect(differences).toEqual([
      ['', 'unknown packet type 0'],
      ['2', 'invalid payload'],
      ['4', 'invalid payload'],
      ['3', 'invalid payload'],
    ]);
  });

  it('decoder reads of any text what upstream reads, where it does not refuse it', () => {
    // Without a blank, which upstream takes for a digit of an id: it makes `4 ""` a packet with the id 0.
    const noise = fc.string({ unit: fc.constantFrom(...'0123456-/,[]{}":a_'), maxLength: 15 });
    fc.assert(
      fc.property(noise, (text) => {
        const reading = read(ours, [text]);
        if (reading.error === null) expect(reading).toEqual(read(upstream, [text]));
      }),
      { numRuns: 3000 },
    );
  });

  it('tells valid packets from others as upstream does', () => {
    const anything = fc.record({
      type: fc.integer({ min: -1, max: 8 }),
      // What a comma does is another matter, see below.
      nsp: fc.oneof(fc.string({ unit: fc.constantFrom('/', 'a', ' ') }), fc.constantFrom(undefined, null, 5)),
      id: fc.oneof(fc.constantFrom(undefined, null, 1.5, '1'), fc.integer()),
      data: fc.oneof(
        fc.constantFrom(undefined, null, 'a', {}, [], ['a'], [1], ['connect'], [{}], new Date(0)),
        fc.anything(),
      ),
    });
    fc.assert(
      fc.property(anything, (candidate) => {
        expect(ours.isPacketValid(candidate as never)).toBe(upstream.isPacketValid(candidate as never));
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses an acknowledgement id where none can be in the words of upstream', () => {
    for (const parser of [ours, upstream]) {
      expect(() => new parser.Decoder().add('442["some","data"')).toThrow(/^invalid payload$/);
    }
  });

  it('refuses a namespace with a comma, of which the peer would see a part', () => {
    const packet = { type: ours.PacketType.EVENT, nsp: '/a,b', data: ['x'] };
    expect(() => new ours.Encoder().encode(packet)).toThrow('invalid namespace: must not contain a comma');
    expect(ours.isPacketValid(packet)).toBe(false);
    expect(ours.isPacketValid({ ...packet, nsp: '/a' })).toBe(true);
  });
});

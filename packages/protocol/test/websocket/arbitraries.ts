import fc from 'fast-check';
import type { Role } from '../../src/websocket/endpoint.ts';
import { concat, encodeFrame, utf8 } from './frame-notation.ts';

/** One thing that a peer sends, as frames without a mask. */
interface Move {
  readonly frames: readonly { readonly firstByte: number; readonly payload: Uint8Array }[];
}

const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat(140) },
  { weight: 2, arbitrary: fc.nat(6000) },
  { weight: 1, arbitrary: fc.integer({ min: 65_000, max: 66_500 }) },
);

const binary = fc
  .tuple(size, fc.nat(255))
  .map(([length, seed]) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff));

const character = fc
  .oneof(fc.nat(0x7f), fc.integer({ min: 0x80, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((codePoint) => String.fromCodePoint(codePoint));

/** Text of any characters but lone surrogates, which UTF-8 cannot write. */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  return fc.array(character, { maxLength, size: 'max' }).map((characters) => characters.join(''));
}

const text = fc.oneof(
  anyText(60),
  fc
    .tuple(size, fc.constantFrom('a', 'é', '€', '😀'))
    .map(([length, unit]) => unit.repeat(length / unit.length)),
);

/** A message as the API of the sender takes it. */
export const message: fc.Arbitrary<string | Uint8Array> = fc.oneof(text, binary);

/** The payload of a ping or a pong. */
export const controlPayload = fc.uint8Array({ maxLength: 125 });

const control = fc
  .tuple(fc.constantFrom(0x89, 0x8a), controlPayload)
  .map(([firstByte, payload]) => ({ firstByte, payload }));

/** A message in one to four fragments, with a control frame before some of them. */
const fragmented: fc.Arbitrary<Move> = fc
  .tuple(
    message,
    fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.option(control)), { maxLength: 3 }),
  )
  .map(([data, cuts]) => {
    const payload = typeof data === 'string' ? utf8(data) : data;
    const opcode = typeof data === 'string' ? 1 : 2;
    const ends = [
      ...cuts.map(([at]) => Math.floor(at * payload.length)).sort((a, b) => a - b),
      payload.length,
    ];
    const frames = ends.flatMap((end, i) => {
      const interleaved = cuts[i - 1]?.[1];
      const firstByte = (i === ends.length - 1 ? 0x80 : 0) | (i === 0 ? opcode : 0);
      const fragment = { firstByte, payload: payload.subarray(ends[i - 1] ?? 0, end) };
      return interleaved ? [interleaved, fragment] : [fragment];
    });
    return { frames };
  });

const close: fc.Arbitrary<Move> = fc
  .constantFrom('', '\x03\xe8', '\x03\xe9going', '\x0f\xa0', '\x03\xed', '\x03', '\x03\xe8\xff')
  .map((payload) => ({
    frames: [{ firstByte: 0x88, payload: Uint8Array.from(payload, (c) => c.charCodeAt(0)) }],
  }));

/** What breaks a rule, most of it only at a certain place. */
const violation: fc.Arbitrary<Move> = fc
  .record({
    firstByte: fc.constantFrom(0x80, 0x01, 0x08, 0x09, 0x83, 0x8f, 0x91, 0xa1, 0xc1, 0xc9, 0x81),
    payload: fc.uint8Array({ maxLength: 130 }),
  })
  .map((frame) => ({ frames: [frame] }));

/** All that a peer sends: well-behaved mostly, but any rule may be broken anywhere. */
export const script: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fragmented },
    { weight: 3, arbitrary: control.map((frame) => ({ frames: [frame] })) },
    { weight: 1, arbitrary: close },
    { weight: 1, arbitrary: violation },
  ),
  { maxLength: 7 },
);

/** The bytes of `moves` as the peer of `role` sends them, each frame under another masking key. */
export function wireBytes(role: Role, moves: readonly Move[]): Uint8Array {
  let key = 0x9e3779b9 | 0;
  const frames = moves.flatMap((move) => move.frames);
  return concat(
    frames.map(({ firstByte, payload }) => {
      key = Math.imul(key, 0x5bd1e995) + 7;
      return encodeFrame(firstByte, payload, role === 'server' ? key >>> 0 : null);
    }),
  );
}

/** Where to cut: anywhere, and often between neighbouring bytes. */
export const cuts = fc
  .array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(3)), { maxLength: 20 })
  .map(
    (places) => (byteLength: number) =>
      places.map(([at, more]) => Math.min(Math.floor(at * byteLength) + more, byteLength)),
  );

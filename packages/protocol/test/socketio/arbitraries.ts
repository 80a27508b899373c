import fc from 'fast-check';
import { type Packet, PacketType } from '../../src/socketio/packet.ts';

/** Property names, awkward ones among them. */
const key = fc.oneof(
  fc.string({ maxLength: 5 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'num', 'length', '0'),
);

const leaf = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.string({ unit: fc.constantFrom('€', '😀', '"', '\\', ',', '\u2028', '\ud800'), maxLength: 5 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
  fc.boolean(),
  fc.constant(null),
);

/** JSON values with `binary` in them, the more often the greater `weight` is. */
function valueWith(binary: fc.Arbitrary<unknown>, weight: number): fc.Arbitrary<unknown> {
  return fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      { weight: 4, arbitrary: leaf },
      { weight, arbitrary: binary },
      { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 4 }) },
      {
        weight: 1,
        // As `JSON.parse` makes them: `__proto__` is a property of its own.
        arbitrary: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map(Object.fromEntries),
      },
    ),
  })).value;
}

const bytes = fc.uint8Array({ maxLength: 20 }).map((data) => Buffer.from(data));

/** JSON values. */
export const plainValue = valueWith(fc.constant(0), 0);

/** JSON values with Buffers in them. */
export const binaryValue = valueWith(bytes, 2);

const nsp = fc.oneof(
  { weight: 3, arbitrary: fc.constant('/') },
  {
    weight: 2,
    arbitrary: fc.string({ maxLength: 8 }).map((name) => `/${name.replaceAll(',', '')}`),
  },
);

const eventName = fc.oneof(
  fc
    .string({ maxLength: 8 })
    .filter(
      (name) => !/^(connect|connect_error|disconnect|disconnecting|newListener|removeListener)$/.test(name),
    ),
  fc.nat(),
);

const id = fc.oneof(fc.nat(20), fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER));

const record = fc
  .array(fc.tuple(key, plainValue), { maxLength: 3 })
  .map((entries) => Object.fromEntries(entries));

/** Arguments with few enough Buffers for the default limit. */
export function countBinary(value: unknown): number {
  if (ArrayBuffer.isView(value)) return 1;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.keys(value).reduce(
    (sum, name) => sum + countBinary((value as Record<string, unknown>)[name]),
    0,
  );
}

const args = fc
  .oneof(fc.array(plainValue, { maxLength: 4 }), fc.array(binaryValue, { maxLength: 4 }))
  // A peer refuses an attachment as a prototype, see the decoder's tests.
  .filter((values) => countBinary(values) <= 10 && !hasBinaryPrototype(values));

function hasBinaryPrototype(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  return Object.entries(value).some(
    ([name, item]) => (name === '__proto__' && ArrayBuffer.isView(item)) || hasBinaryPrototype(item),
  );
}

/** Packets that both ends send, as a decoder hands them over. */
export const packet: fc.Arbitrary<Packet> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant(PacketType.CONNECT),
      nsp,
      data: fc.option(record, { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant(PacketType.DISCONNECT), nsp }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant(PacketType.CONNECT_ERROR),
      nsp,
      data: fc.oneof(fc.string({ maxLength: 8 }), record),
    }),
  },
  {
    weight: 6,
    arbitrary: fc
      .record({ nsp, id: fc.option(id, { nil: undefined }), eventName, args })
      .map(({ eventName, args, ...rest }) => ({
        type: PacketType.EVENT,
        ...rest,
        data: [eventName, ...args],
      })),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant(PacketType.ACK), nsp, id, data: args }) },
);

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Encoder, type EncoderOptions, isBufferOrView } from '../../src/socketio/encoder.ts';
import { SocketIoUsageError } from '../../src/socketio/errors.ts';
import { type Packet, PacketType } from '../../src/socketio/packet.ts';
import { binaryValue, countBinary, packet } from './arbitraries.ts';

const PLACEHOLDER_0 = '{"_placeholder":true,"num":0}';
const PLACEHOLDER_1 = '{"_placeholder":true,"num":1}';
const BYTES = Uint8Array.of(1, 2);

const encoder = new Encoder({ isBinary: isBufferOrView });

/** Encodes an event of these arguments. */
function emit(args: readonly unknown[], options: Partial<EncoderOptions> = {}) {
  const { text, attachments } = new Encoder({ isBinary: isBufferOrView, ...options }).encode({
    type: PacketType.EVENT,
    nsp: '/',
    data: ['e', ...args],
  });
  return [text, ...attachments];
}

describe('Socket.IO packets, written', () => {
  it.each<[Packet, string]>([
    [{ type: 0, nsp: '/' }, '0'],
    [{ type: 0, nsp: '/admin' }, '0/admin,'],
    [{ type: 0, nsp: '/', data: { token: '1' } }, '0{"token":"1"}'],
    [{ type: 0, nsp: '/', data: null }, '0'],
    [{ type: 1, nsp: '/admin' }, '1/admin,'],
    [{ type: 2, nsp: '/', data: ['hello', 1] }, '2["hello",1]'],
    [{ type: 2, nsp: '/', data: ['hello'], id: 0 }, '20["hello"]'],
    [{ type: 2, nsp: '/admin', data: ['hello'], id: 12 }, '2/admin,12["hello"]'],
    [{ type: 3, nsp: '/admin', data: [], id: 13 }, '3/admin,13[]'],
    [{ type: 4, nsp: '/', data: { message: 'Not authorized' } }, '4{"message":"Not authorized"}'],
    [{ type: 4, nsp: '/', data: 'Not authorized' }, '4"Not authorized"'],
  ])('encoder writes %j as %j', (value, text) => {
    expect(encoder.encode(value)).toEqual({ text, attachments: [] });
  });

  it('encoder announces the attachments of an event and of an acknowledgement', () => {
    const other = Uint8Array.of(3);
    expect(encoder.encode({ type: 2, nsp: '/a', id: 7, data: ['e', BYTES, { other }] })).toEqual({
      text: `52-/a,7["e",${PLACEHOLDER_0},{"other":${PLACEHOLDER_1}}]`,
      attachments: [BYTES, other],
    });
    expect(encoder.encode({ type: 3, nsp: '/', id: 7, data: [BYTES] })).toEqual({
      text: `61-7[${PLACEHOLDER_0}]`,
      attachments: [BYTES],
    });
  });

  it('encoder looks for no attachments in other packets', () => {
    expect(encoder.encode({ type: 0, nsp: '/', data: { buffer: Buffer.of(1) } })).toEqual({
      text: '0{"buffer":{"type":"Buffer","data":[1]}}',
      attachments: [],
    });
  });
});

describe('Socket.IO attachments, written', () => {
  it.each([
    ['a Buffer', Buffer.of(1)],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['floats', new Float64Array(1)],
  ])('encoder sends %s as it is', (_, binary) => {
    const [text, attachment] = emit([binary]);
    expect(text).toBe(`51-["e",${PLACEHOLDER_0}]`);
    expect(attachment).toBe(binary);
  });

  it.each([{}, [], new Map(), 'text', new Date()])('encoder takes %o for no bytes', (value) => {
    expect(isBufferOrView(Object(value))).toBe(false);
  });

  it('encoder sends as attachments what the shell says', () => {
    const blob = new Blob(['hello']);
    const isBinary = (value: object) => value instanceof Blob;
    expect(emit([{ blob }], { isBinary })).toEqual([`51-["e",{"blob":${PLACEHOLDER_0}}]`, blob]);
  });

  it('encoder asks about nothing that is plain', () => {
    const asked: object[] = [];
    const isBinary = (value: object) => asked.push(value) < 0;
    emit([{ a: [{}] }, [[]], BYTES, 'a', null], { isBinary });
    expect(asked).toEqual([BYTES]);
  });

  it('encoder sends the same bytes twice where they stand twice', () => {
    expect(emit([BYTES, BYTES])).toEqual([`52-["e",${PLACEHOLDER_0},${PLACEHOLDER_1}]`, BYTES, BYTES]);
  });

  it('encoder changes nothing, and copies only what leads to binary data', () => {
    const seen: unknown[] = [];
    const replacer = (_: string, value: unknown) => {
      seen.push(value);
      return value;
    };
    const untouched = { deep: [{ a: 1 }] };
    const touched = { untouched, list: [1, BYTES] };
    const data = Object.freeze(['e', Object.freeze(touched)]);
    const { text } = new Encoder({ isBinary: isBufferOrView, replacer }).encode({ type: 2, nsp: '/', data });
    expect(text).toBe(`51-["e",{"untouched":{"deep":[{"a":1}]},"list":[1,${PLACEHOLDER_0}]}]`);
    expect(seen).toContain(untouched);
    expect(seen).not.toContain(touched);
    expect(touched).toEqual({ untouched: { deep: [{ a: 1 }] }, list: [1, BYTES] });
  });

  it('encoder copies nothing where nothing is binary', () => {
    const seen: unknown[] = [];
    const data = ['e', { a: [1, { b: new Date(0) }] }];
    const replacer = (_: string, value: unknown) => {
      seen.push(value);
      return value;
    };
    emit(data.slice(1), { replacer });
    expect(seen).toContain(data[1]);
  });

  it('encoder keeps a property of the name __proto__ a property', () => {
    const value = JSON.parse('{"__proto__":{"a":1},"b":0}');
    value.b = BYTES;
    expect(emit([value])[0]).toBe(`51-["e",{"__proto__":{"a":1},"b":${PLACEHOLDER_0}}]`);
    const inside = Object.defineProperty({}, '__proto__', { value: BYTES, enumerable: true });
    expect(emit([inside])[0]).toBe(`51-["e",{"__proto__":${PLACEHOLDER_0}}]`);
  });
});

describe('what JSON makes of values', () => {
  class Point {
    readonly x = 1;
    readonly bytes = BYTES;
    #hidden = 2;

    get hidden(): number {
      return this.#hidden;
    }
  }

  it.each([
    ['a Map', new Map([['a', BYTES]]), '{}'],
    ['a Set', new Set([BYTES]), '{}'],
    ['a Date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['undefined', undefined, 'null'],
    ['a function', () => 1, 'null'],
    ['a symbol', Symbol('a'), 'null'],
    ['NaN', Number.NaN, 'null'],
    ['a boxed number', Object(5), '5'],
    ['a regular expression', /a/, '{}'],
    ['a null', null, 'null'],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ])('encoder writes %s as JSON does', (_, value, json) => {
    expect(emit([value])).toEqual([`2["e",${json}]`]);
    // The same beside binary data, where containers are copied.
    expect(emit([[value, BYTES]])[0]).toBe(`51-["e",[${json},${PLACEHOLDER_0}]]`);
  });

  it('encoder leaves out what JSON leaves out', () => {
    const value = { a: undefined, b: () => 1, c: Symbol('c'), d: BYTES, toJSON: undefined };
    expect(emit([value])[0]).toBe(`51-["e",{"d":${PLACEHOLDER_0}}]`);
    const sparse = new Array(1).concat([BYTES]);
    expect(emit([sparse])[0]).toBe(`51-["e",[null,${PLACEHOLDER_0}]]`);
  });

  it('encoder takes the own properties of an instance', () => {
    expect(emit([new Point()])).toEqual([`51-["e",{"x":1,"bytes":${PLACEHOLDER_0}}]`, BYTES]);
  });

  it('encoder throws at a BigInt, as JSON does', () => {
    expect(() => emit([1n])).toThrow(TypeError);
  });

  it('encoder passes the replacer on, which sees placeholders', () => {
    const replacer = (key: string, value: unknown) => (key === 'secret' ? undefined : value);
    expect(emit([{ secret: 1, open: 2 }], { replacer })).toEqual(['2["e",{"open":2}]']);
    expect(emit([{ secret: BYTES, open: 2 }], { replacer })).toEqual(['51-["e",{"open":2}]', BYTES]);
  });
});

describe('toJSON', () => {
  it.each([
    ['a value', 7, '7'],
    ['nothing', undefined, 'null'],
    ['an object', { b: 1 }, '{"b":1}'],
    ['an array', [1, [2]], '[1,[2]]'],
    ['null', null, 'null'],
  ])('encoder respects a toJSON that returns %s', (_, result, json) => {
    expect(emit([{ hidden: BYTES, toJSON: () => result }])).toEqual([`2["e",${json}]`]);
  });

  it.each([
    ['bytes', BYTES, PLACEHOLDER_0],
    ['an object of bytes', { b: BYTES }, `{"b":${PLACEHOLDER_0}}`],
    ['an array of bytes', [0, BYTES], `[0,${PLACEHOLDER_0}]`],
    ['a toJSON that JSON does not call', { b: BYTES, toJSON: () => 7 }, `{"b":${PLACEHOLDER_0}}`],
  ])('encoder finds binary data in a toJSON that returns %s', (_, result, json) => {
    expect(emit([{ toJSON: () => result }])).toEqual([`51-["e",${json}]`, BYTES]);
  });

  it('encoder calls toJSON with the key, on the value', () => {
    const keys: unknown[] = [];
    class Named {
      readonly own = BYTES;

      toJSON(key: string): unknown {
        keys.push(key);
        return { own: this.own };
      }
    }
    const value = new Named();
    expect(emit([[value], { a: value }]).length).toBe(3);
    expect(keys).toEqual(['0', 'a']);
  });
});

describe('circles', () => {
  it.each([
    [
      'an object in itself',
      () => {
        const value: Record<string, unknown> = {};
        value.self = value;
        return value;
      },
    ],
    [
      'an array in itself',
      () => {
        const value: unknown[] = [];
        value.push([value]);
        return value;
      },
    ],
    [
      'a parent in its child, beside binary data',
      () => {
        const parent = { bytes: BYTES, children: [] as unknown[] };
        parent.children.push({ parent }, { parent });
        return parent;
      },
    ],
    [
      'what toJSON returns',
      () => {
        const value = { toJSON: (): unknown => ({ value }) };
        return value;
      },
    ],
  ])('encoder throws at %s', (_, make) => {
    expect(() => emit([make()])).toThrow(SocketIoUsageError);
    expect(() => emit([make()])).toThrow(expect.objectContaining({ code: 'SIO_ERR_CIRCULAR_ARGUMENT' }));
  });

  it('encoder writes what is deep, or stands in two places, but is no circle', () => {
    const leaf = { bytes: BYTES };
    let deep: unknown = [leaf, leaf];
    let json = `[{"bytes":${PLACEHOLDER_0}},{"bytes":${PLACEHOLDER_1}}]`;
    for (let i = 0; i < 500; i++) {
      deep = { deep };
      json = `{"deep":${json}}`;
    }
    expect(emit([deep])[0]).toBe(`52-["e",${json}]`);
  });
});

describe('any packet, written', () => {
  it('encoder changes no argument', () => {
    fc.assert(
      fc.property(packet, (value) => {
        const before = structuredClone(value);
        encoder.encode(value);
        expect(structuredClone(value)).toEqual(before);
      }),
    );
  });

  it('encoder takes out each binary value, and writes what JSON writes where there is none', () => {
    fc.assert(
      fc.property(fc.array(binaryValue, { maxLength: 4 }), (args) => {
        const [text, ...attachments] = emit(args);
        expect(attachments.length).toBe(countBinary(args));
        if (attachments.length === 0) expect(text).toBe(`2${JSON.stringify(['e', ...args])}`);
      }),
    );
  });
});

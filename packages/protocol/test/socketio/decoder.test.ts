import { describe, expect, it } from 'vitest';
import type { Packet } from '../../src/socketio/packet.ts';
import { openDecoder } from './recorder.ts';

const BYTES = Uint8Array.of(1, 2);
const OTHER = new Uint8Array([3]).buffer;

const placeholder = (num: unknown) => JSON.stringify({ _placeholder: true, num });

describe('Socket.IO packets, read', () => {
  it.each<[string, Packet]>([
    ['0', { type: 0, nsp: '/' }],
    ['0{"token":"1"}', { type: 0, nsp: '/', data: { token: '1' } }],
    ['0/admin,', { type: 0, nsp: '/admin' }],
    ['0/admin', { type: 0, nsp: '/admin' }],
    ['0/admin?token=1,', { type: 0, nsp: '/admin?token=1' }],
    ['0/,{"a":1}', { type: 0, nsp: '/', data: { a: 1 } }],
    ['1', { type: 1, nsp: '/' }],
    ['1/admin,', { type: 1, nsp: '/admin' }],
    ['2["hello",1,null]', { type: 2, nsp: '/', data: ['hello', 1, null] }],
    ['2[7]', { type: 2, nsp: '/', data: [7] }],
    ['20["hello"]', { type: 2, nsp: '/', data: ['hello'], id: 0 }],
    ['2/admin,456["hello"]', { type: 2, nsp: '/admin', data: ['hello'], id: 456 }],
    ['2/12,34["hello"]', { type: 2, nsp: '/12', data: ['hello'], id: 34 }],
    ['29007199254740991["a"]', { type: 2, nsp: '/', data: ['a'], id: Number.MAX_SAFE_INTEGER }],
    ['3/admin,456[]', { type: 3, nsp: '/admin', data: [], id: 456 }],
    ['4{"message":"Not authorized"}', { type: 4, nsp: '/', data: { message: 'Not authorized' } }],
    ['4/admin,"Not authorized"', { type: 4, nsp: '/admin', data: 'Not authorized' }],
  ])('decoder reads %j', (text, packet) => {
    expect(openDecoder().receive(text)).toEqual([packet]);
  });

  it.each<[string, string]>([
    ['', 'SIO_ERR_UNKNOWN_PACKET_TYPE'],
    ['7', 'SIO_ERR_UNKNOWN_PACKET_TYPE'],
    ['/', 'SIO_ERR_UNKNOWN_PACKET_TYPE'],
    ['hello', 'SIO_ERR_UNKNOWN_PACKET_TYPE'],
    ['€', 'SIO_ERR_UNKNOWN_PACKET_TYPE'],
    ['5["a"]', 'SIO_ERR_INVALID_ATTACHMENT_COUNT'],
    ['5-["a"]', 'SIO_ERR_INVALID_ATTACHMENT_COUNT'],
    ['50-["a"]', 'SIO_ERR_INVALID_ATTACHMENT_COUNT'],
    ['5-1-["a"]', 'SIO_ERR_INVALID_ATTACHMENT_COUNT'],
    ['51.5-["a"]', 'SIO_ERR_INVALID_ATTACHMENT_COUNT'],
    ['51e1-["a"]', 'SIO_ERR_INVALID_ATTACHMENT_COUNT'],
    ['51', 'SIO_ERR_INVALID_ATTACHMENT_COUNT'],
    ['50000000001-["a"]', 'SIO_ERR_INVALID_ATTACHMENT_COUNT'],
    ['511-["a"]', 'SIO_ERR_TOO_MANY_ATTACHMENTS'],
    ['5999999999-["a"]', 'SIO_ERR_TOO_MANY_ATTACHMENTS'],
    ['3[]', 'SIO_ERR_INVALID_ACK_ID'],
    ['61-[]', 'SIO_ERR_INVALID_ACK_ID'],
    ['29007199254740992["a"]', 'SIO_ERR_INVALID_ACK_ID'],
    ['200000000000000001["a"]', 'SIO_ERR_INVALID_ACK_ID'],
    ['01{}', 'SIO_ERR_INVALID_ACK_ID'],
    ['11', 'SIO_ERR_INVALID_ACK_ID'],
    ['41"a"', 'SIO_ERR_INVALID_ACK_ID'],
    ['2{', 'SIO_ERR_INVALID_JSON'],
    ['2["a"]x', 'SIO_ERR_INVALID_JSON'],
    ['2admin,["a"]', 'SIO_ERR_INVALID_JSON'],
    ['2-1["a"]', 'SIO_ERR_INVALID_JSON'],
    ['0"a"', 'SIO_ERR_INVALID_PAYLOAD'],
    ['0[]', 'SIO_ERR_INVALID_PAYLOAD'],
    ['0null', 'SIO_ERR_INVALID_PAYLOAD'],
    ['1{}', 'SIO_ERR_INVALID_PAYLOAD'],
    ['1null', 'SIO_ERR_INVALID_PAYLOAD'],
    ['2', 'SIO_ERR_INVALID_PAYLOAD'],
    ['2/admin', 'SIO_ERR_INVALID_PAYLOAD'],
    ['2{}', 'SIO_ERR_INVALID_PAYLOAD'],
    ['2"a"', 'SIO_ERR_INVALID_PAYLOAD'],
    ['2[]', 'SIO_ERR_INVALID_PAYLOAD'],
    ['2[null]', 'SIO_ERR_INVALID_PAYLOAD'],
    ['2[["a"]]', 'SIO_ERR_INVALID_PAYLOAD'],
    [`51-[${placeholder(0)}]`, 'SIO_ERR_INVALID_PAYLOAD'],
    ['31', 'SIO_ERR_INVALID_PAYLOAD'],
    ['31{}', 'SIO_ERR_INVALID_PAYLOAD'],
    ['4', 'SIO_ERR_INVALID_PAYLOAD'],
    ['47', 'SIO_ERR_INVALID_ACK_ID'],
    ['4[]', 'SIO_ERR_INVALID_PAYLOAD'],
    ['4true', 'SIO_ERR_INVALID_PAYLOAD'],
    ...['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'].map(
      (name): [string, string] => [`2["${name}"]`, 'SIO_ERR_RESERVED_EVENT'],
    ),
    ['51-["disconnect"]', 'SIO_ERR_RESERVED_EVENT'],
  ])('decoder refuses %j: %s', (text, code) => {
    const { receive } = openDecoder();
    expect(receive(text)).toEqual([code]);
    expect(receive('2["a"]', BYTES)).toEqual([code]);
  });

  it('decoder takes events of inherited names for any other', () => {
    expect(openDecoder().receive('2["__proto__"]', '2["constructor"]').length).toBe(2);
  });

  it('decoder keeps a property of the name __proto__ a property', () => {
    const [packet] = openDecoder().receive('2["a",{"__proto__":{"admin":true}}]') as [Packet];
    const value = (packet.data as [string, Record<string, unknown>])[1];
    expect(value.admin).toBeUndefined();
    expect(Object.keys(value)).toEqual(['__proto__']);
  });
});

describe('Socket.IO attachments, read', () => {
  it('decoder puts attachments into their places, as they are', () => {
    const { receive, trace } = openDecoder();
    receive(`52-/admin,7["e",${placeholder(1)},{"a":[${placeholder(0)}]}]`, BYTES);
    expect(trace).toEqual([]);
    receive(OTHER);
    expect(trace).toEqual([{ type: 2, nsp: '/admin', id: 7, data: ['e', OTHER, { a: [BYTES] }] }]);
    const [packet] = trace as [Packet];
    expect((packet.data as unknown[])[1]).toBe(OTHER);
  });

  it('decoder reads acknowledgements with attachments, and what follows them', () => {
    expect(openDecoder().receive(`61-7[${placeholder(0)}]`, BYTES, '2["a"]')).toEqual([
      { type: 3, nsp: '/', id: 7, data: [BYTES] },
      { type: 2, nsp: '/', data: ['a'] },
    ]);
  });

  it('decoder takes an attachment that stands twice or nowhere', () => {
    expect(openDecoder().receive(`52-["e",${placeholder(0)},${placeholder(0)}]`, BYTES, OTHER)).toEqual([
      { type: 2, nsp: '/', data: ['e', BYTES, BYTES] },
    ]);
  });

  it('decoder takes what looks like a placeholder for data where there are no attachments', () => {
    expect(openDecoder().receive(`2["e",${placeholder(0)}]`)).toEqual([
      { type: 2, nsp: '/', data: ['e', { _placeholder: true, num: 0 }] },
    ]);
  });

  it.each([
    '{"_placeholder":false,"num":7}',
    '{"_placeholder":"true","num":7}',
    '{"_placeholder":1}',
    '{"num":7}',
  ])('decoder takes %s for data', (json) => {
    expect(openDecoder().receive(`51-["e",[${json}],null]`, BYTES)).toEqual([
      { type: 2, nsp: '/', data: ['e', [JSON.parse(json)], null] },
    ]);
  });

  it.each([
    ['beyond the last', placeholder(1)],
    ['negative', placeholder(-1)],
    ['no integer', placeholder(0.5)],
    ['no number', placeholder('0')],
    ['the name of a method', placeholder('splice')],
    ['missing', '{"_placeholder":true}'],
    ['a prototype', `{"__proto__":${placeholder(0)}}`],
    ['a prototype deep inside', `[{"a":{"__proto__":${placeholder(0)}}}]`],
  ])('decoder refuses a placeholder that is %s', (_, json) => {
    const { receive } = openDecoder();
    expect(receive(`51-["e",${json}]`, BYTES)).toEqual(['SIO_ERR_INVALID_PLACEHOLDER']);
  });

  it('decoder refuses text where an attachment is due', () => {
    expect(openDecoder().receive(`51-["e",${placeholder(0)}]`, '2["a"]', BYTES)).toEqual([
      'SIO_ERR_EXPECTED_ATTACHMENT',
    ]);
  });

  it.each([[[BYTES]], [['2["a"]', BYTES]], [[`51-["e",${placeholder(0)}]`, BYTES, BYTES]]])(
    'decoder refuses an attachment that nothing announced: %j',
    (messages) => {
      expect(
        openDecoder()
          .receive(...messages)
          .at(-1),
      ).toBe('SIO_ERR_UNEXPECTED_ATTACHMENT');
    },
  );

  it('decoder finds the placeholder behind a wide array', () => {
    const json = `["e",[${'0,'.repeat(400_000)}0],${placeholder(0)}]`;
    const [packet] = openDecoder().receive(`51-${json}`, BYTES) as [Packet];
    const [, wide, bytes] = packet.data as [string, number[], unknown];
    expect(wide).toHaveLength(400_001);
    expect(bytes).toBe(BYTES);
  });

  it('decoder finds placeholders at any depth that it takes', () => {
    const depth = 998;
    const json = `${'['.repeat(depth)}${placeholder(0)}${']'.repeat(depth)}`;
    const [packet] = openDecoder().receive(`51-["e",${json}]`, BYTES) as [Packet];
    let value: unknown = packet.data;
    for (let i = 0; i < depth; i++) value = (value as unknown[]).at(-1);
    expect(value).toEqual([BYTES]);
  });
});

describe('limits', () => {
  it('decoder takes as many attachments as it is told', () => {
    const announce = (count: number) => `5${count}-["e"]`;
    expect(openDecoder({ maxAttachments: 2 }).receive(announce(2))).toEqual([]);
    expect(openDecoder({ maxAttachments: 2 }).receive(announce(3))).toEqual(['SIO_ERR_TOO_MANY_ATTACHMENTS']);
    expect(openDecoder().receive(announce(10))).toEqual([]);
    expect(openDecoder().receive(announce(11))).toEqual(['SIO_ERR_TOO_MANY_ATTACHMENTS']);
  });

  it('decoder refuses text over its limit', () => {
    expect(openDecoder({ maxPacketLength: 6 }).receive('2["a"]')).toHaveLength(1);
    expect(openDecoder({ maxPacketLength: 5 }).receive('2["a"]')).toEqual(['SIO_ERR_PACKET_TOO_LARGE']);
  });

  it('decoder counts the attachments with their text', () => {
    const text = `53-["e",${placeholder(0)}]`;
    const maxPacketLength = text.length + 9;
    const attachments = [new Uint8Array(2), new ArrayBuffer(3), new Blob(['four'])];
    expect(openDecoder({ maxPacketLength }).receive(text, ...attachments)).toHaveLength(1);
    const { receive } = openDecoder({ maxPacketLength: maxPacketLength - 1 });
    expect(receive(text, ...attachments)).toEqual(['SIO_ERR_PACKET_TOO_LARGE']);
  });

  it('decoder counts each packet anew', () => {
    const text = `51-["e",${placeholder(0)}]`;
    const { receive } = openDecoder({ maxPacketLength: text.length + 2 });
    expect(receive(text, BYTES, text, BYTES)).toHaveLength(2);
  });
});

describe('what whoever goes on with the data has the stack for', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

  it('decoder takes data of a depth, and refuses deeper', () => {
    expect(openDecoder().receive(`2["e",${nested(999)}]`)).toHaveLength(1);
    for (const text of [`2["e",${nested(1000)}]`, `2["e",${nested(400_000)}]`, `0{"a":${nested(1000)}}`]) {
      expect(openDecoder().receive(text)).toEqual(['SIO_ERR_TOO_DEEP']);
    }
    expect(openDecoder().receive(`51-["e",${nested(1000)},${placeholder(0)}]`)).toEqual(['SIO_ERR_TOO_DEEP']);
  });

  it('decoder counts objects as arrays', () => {
    const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    expect(openDecoder().receive(`2["e",${objects(999)}]`)).toHaveLength(1);
    expect(openDecoder().receive(`2["e",${objects(1000)}]`)).toEqual(['SIO_ERR_TOO_DEEP']);
  });

  it('decoder does not take brackets in text for depth', () => {
    for (const text of [
      '['.repeat(2000),
      `${'"['.repeat(1000)}\\`,
      `${'a'.repeat(50)}\\"${'{'.repeat(1500)}`,
    ]) {
      expect(openDecoder().receive(`2${JSON.stringify(['e', text, { [text]: [] }])}`)).toEqual([
        { type: 2, nsp: '/', data: ['e', text, { [text]: [] }] },
      ]);
    }
    const wide = Array.from({ length: 2000 }, () => [{}]);
    expect(openDecoder().receive(`2${JSON.stringify(['e', wide])}`)).toHaveLength(1);
  });

  it('decoder finds depth behind text that ends in backslashes', () => {
    for (const text of ['\\', `${'a'.repeat(50)}\\`, `${'"'.repeat(50)}\\`]) {
      const json = `["e",${JSON.stringify(text)},${nested(1000)}]`;
      expect(openDecoder().receive(`2${json}`)).toEqual(['SIO_ERR_TOO_DEEP']);
    }
  });

  it('decoder is not held up by text that never ends', () => {
    for (const part of ['"', '\\', '\\"', '"\\"', '[']) {
      const [outcome] = openDecoder().receive(`2["e","${part.repeat(200_000)}`);
      expect(['SIO_ERR_INVALID_JSON', 'SIO_ERR_TOO_DEEP']).toContain(outcome);
    }
  });

  it('decoder takes so many arguments, and refuses more', () => {
    const items = (count: number) => Array(count).fill(0).join();
    for (const head of ['2["e",', '2[7,', '37[0,']) {
      expect(openDecoder().receive(`${head}${items(4095)}]`)).toHaveLength(1);
      expect(openDecoder().receive(`${head}${items(4096)}]`)).toEqual(['SIO_ERR_TOO_MANY_ARGUMENTS']);
    }
    expect(openDecoder().receive(`51-["e",${items(4095)},${placeholder(0)}]`)).toEqual([
      'SIO_ERR_TOO_MANY_ARGUMENTS',
    ]);
  });
});

describe('reviver', () => {
  it('decoder passes the reviver on', () => {
    const reviver = (_: string, value: unknown) => (value === 'now' ? 7 : value);
    expect(openDecoder({ reviver }).receive('2["a","now"]')).toEqual([{ type: 2, nsp: '/', data: ['a', 7] }]);
  });

  it('decoder takes what the reviver throws for bad JSON', () => {
    const reviver = () => {
      throw new Error('no');
    };
    expect(openDecoder({ reviver }).receive('2["a"]')).toEqual(['SIO_ERR_INVALID_JSON']);
  });

  it('decoder fills what the reviver made, circles, instances and bytes too', () => {
    class Revived {
      readonly self = this;
      readonly bytes = new Uint8Array(3);
      readonly inner: unknown;

      constructor(inner: unknown) {
        this.inner = inner;
      }
    }
    const reviver = (key: string, value: unknown) => (key === 'box' ? new Revived(value) : value);
    const [packet] = openDecoder({ reviver }).receive(`51-["e",{"box":[${placeholder(0)}]}]`, BYTES) as [
      Packet,
    ];
    const [, { box }] = packet.data as [string, { box: Revived }];
    expect(box).toBeInstanceOf(Revived);
    expect(box.inner).toEqual([BYTES]);
  });

  it('decoder throws at nothing that the reviver froze', () => {
    const reviver = (_: string, value: unknown) => Object.freeze(value);
    expect(openDecoder({ reviver }).receive(`51-["e",${placeholder(0)}]`, BYTES)).toEqual([
      'SIO_ERR_INVALID_PLACEHOLDER',
    ]);
  });
});

describe('stop', () => {
  it('decoder ignores what follows, within a packet too', () => {
    const { decoder, receive } = openDecoder();
    receive(`51-["e",${placeholder(0)}]`);
    decoder.stop();
    expect(receive(BYTES, '2["a"]', 'x')).toEqual([]);
  });

  it('decoder may be stopped by what it calls', () => {
    const { decoder, recorder, receive } = openDecoder();
    recorder.react = () => decoder.stop();
    expect(receive('2["a"]', '2["b"]')).toHaveLength(1);
  });
});

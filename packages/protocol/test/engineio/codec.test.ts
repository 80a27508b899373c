import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Codec, createCodec, type PayloadLimits, type Version } from '../../src/engineio/codec.ts';
import type { Packet } from '../../src/engineio/packet.ts';
import { bytes, hex } from '../websocket/frame-notation.ts';
import { packetV3, packetV4 } from './arbitraries.ts';
import { EngineTestNatives } from './natives.ts';

const LIMITS: PayloadLimits = { maxPayloadLength: 100_000, maxPackets: 100 };

function codecOf(version: Version, limits: Partial<PayloadLimits> = {}): Codec {
  return createCodec(version, new EngineTestNatives(), { ...LIMITS, ...limits });
}

const PACKETS = { 3: packetV3, 4: packetV4 };

describe.each([3, 4] as const)('Engine.IO %i packets', (version) => {
  const codec = codecOf(version);

  it.each([
    [{ type: 'open', data: '{"sid":"a"}' }, '0{"sid":"a"}'],
    [{ type: 'close', data: '' }, '1'],
    [{ type: 'ping', data: 'probe' }, '2probe'],
    [{ type: 'pong', data: 'probe' }, '3probe'],
    [{ type: 'message', data: 'hello' }, '4hello'],
    [{ type: 'message', data: '' }, '4'],
    [{ type: 'upgrade', data: '' }, '5'],
    [{ type: 'noop', data: '' }, '6'],
  ] as const)('codec writes and reads %j as %j', (packet, frame) => {
    expect(codec.encodeFrame(packet.type, packet.data)).toBe(frame);
    expect(codec.decodeFrame(frame)).toEqual(packet);
  });

  it.each(['', '7', 'a', '/', ' 4', '-1', '€'])('codec refuses %j, which has no known type', (frame) => {
    expect(codec.decodeFrame(frame)).toBe('EIO_ERR_UNKNOWN_PACKET_TYPE');
  });

  it('codec reads what it wrote', () => {
    fc.assert(
      fc.property(PACKETS[version], (packet) => {
        expect(codec.decodeFrame(codec.encodeFrame(packet.type, packet.data))).toEqual(packet);
      }),
    );
  });

  it('codec reads the payload that it wrote', () => {
    fc.assert(
      fc.property(
        fc.array(PACKETS[version], { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        (packets, binary) => {
          const { packets: decoded, violation } = codec.decodePayload(codec.encodePayload(packets, binary));
          expect({ packets: decoded, violation }).toEqual({ packets, violation: null });
        },
      ),
    );
  });

  it('codec throws at no payload, and keeps to its limits', () => {
    const noise = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'0123456789:b=+/\x1e€'), maxLength: 40 }),
      fc.uint8Array({ maxLength: 40 }),
      fc
        .array(fc.constantFrom(0, 1, 2, 4, 9, 10, 48, 52, 255), { maxLength: 40 })
        .map((data) => Uint8Array.from(data)),
    );
    const narrow = codecOf(version, { maxPackets: 3, maxPayloadLength: 30 });
    fc.assert(
      fc.property(noise, (body) => {
        const { packets, violation } = narrow.decodePayload(body);
        expect(packets.length).toBeLessThanOrEqual(3);
        if (body.length > 30) expect(violation).toBe('EIO_ERR_PAYLOAD_TOO_LARGE');
        codec.decodeFrame(body);
      }),
      { numRuns: 500 },
    );
  });

  it('codec stops at the first packet over the limit', () => {
    const two = [
      { type: 'message', data: 'a' },
      { type: 'message', data: 'b' },
    ] as const;
    const body = codec.encodePayload(two, false);
    expect(codecOf(version, { maxPackets: 2 }).decodePayload(body)).toMatchObject({
      packets: two,
      violation: null,
    });
    expect(codecOf(version, { maxPackets: 1 }).decodePayload(body)).toMatchObject({
      packets: two.slice(0, 1),
      violation: 'EIO_ERR_TOO_MANY_PACKETS',
    });
  });

  it('codec refuses a payload over its limit of length as a whole', () => {
    const body = codec.encodePayload([{ type: 'message', data: 'hello' }], false);
    expect(codecOf(version, { maxPayloadLength: body.length }).decodePayload(body).violation).toBeNull();
    const { packets, violation } = codecOf(version, { maxPayloadLength: body.length - 1 }).decodePayload(
      body,
    );
    expect({ packets, violation }).toEqual({ packets: [], violation: 'EIO_ERR_PAYLOAD_TOO_LARGE' });
  });
});

describe('Engine.IO 4 binary', () => {
  const codec = codecOf(4);

  it('codec passes binary data through, without a copy', () => {
    const data = bytes('01ff');
    expect(codec.encodeFrame('message', data)).toBe(data);
    expect(codec.decodeFrame(data)).toEqual({ type: 'message', data });
  });

  it.each([
    ['b', ''],
    ['bAf8=', '01ff'],
    ['bAf8', '01ff'],
    ['bAfP/', '01f3ff'],
    ['bAQ==', '01'],
    ['bAQ', '01'],
  ])('codec reads %j', (frame, notation) => {
    expect(codec.decodeFrame(frame)).toEqual({ type: 'message', data: bytes(notation) });
  });

  it.each(['bA', 'bA===', 'bAQ=', 'b=', 'bA Q=', 'bAf_-', 'b€', 'bAQ==\n'])(
    'codec refuses %j, which is not base64',
    (frame) => {
      expect(codec.decodeFrame(frame)).toBe('EIO_ERR_INVALID_BASE64');
    },
  );

  it('codec reads and writes the payload of the protocol document', () => {
    const packets: Packet[] = [
      { type: 'message', data: 'hello' },
      { type: 'ping', data: '' },
      { type: 'message', data: bytes('01020304') },
    ];
    expect(codec.encodePayload(packets, true)).toBe('4hello\x1e2\x1ebAQIDBA==');
    expect(codec.decodePayload('4hello\x1e2\x1ebAQIDBA==').packets).toEqual(packets);
  });

  it.each([
    ['', []],
    ['4a\x1e', [{ type: 'message', data: 'a' }]],
    ['\x1e4a', []],
    ['4a\x1e9\x1e4b', [{ type: 'message', data: 'a' }]],
  ])('codec refuses %j from the empty or unknown packet on', (body, before) => {
    expect(codec.decodePayload(body)).toMatchObject({
      packets: before,
      violation: 'EIO_ERR_UNKNOWN_PACKET_TYPE',
    });
  });

  it('codec refuses a binary payload, which version 4 has not', () => {
    expect(codec.decodePayload(bytes('0004ff34')).violation).toBe('EIO_ERR_INVALID_PAYLOAD');
  });
});

describe('Engine.IO 3 binary', () => {
  const codec = codecOf(3);

  it('codec puts the type before binary data', () => {
    expect(hex(codec.encodeFrame('message', bytes('01ff')) as Uint8Array)).toBe('0401ff');
    expect(codec.decodeFrame(bytes('0401ff'))).toEqual({ type: 'message', data: bytes('01ff') });
  });

  it.each(['', '07', '34'])('codec refuses the bytes "%s", which have no known type', (notation) => {
    expect(codec.decodeFrame(bytes(notation))).toBe('EIO_ERR_UNKNOWN_PACKET_TYPE');
  });

  it.each([
    ['b4Af8=', { type: 'message', data: bytes('01ff') }],
    ['b2', { type: 'ping', data: bytes('') }],
    ['b', 'EIO_ERR_UNKNOWN_PACKET_TYPE'],
    ['b9Af8=', 'EIO_ERR_UNKNOWN_PACKET_TYPE'],
    ['b4A', 'EIO_ERR_INVALID_BASE64'],
  ])('codec makes of %j %j', (frame, decoded) => {
    expect(codec.decodeFrame(frame)).toEqual(decoded);
  });

  it('codec counts a text payload in UTF-16 units', () => {
    const packets: Packet[] = [
      { type: 'message', data: '€😀' },
      { type: 'message', data: bytes('01') },
    ];
    expect(codec.encodePayload(packets, false)).toBe('4:4€😀6:b4AQ==');
    expect(codec.decodePayload('4:4€😀6:b4AQ==').packets).toEqual(packets);
  });

  it('codec counts a binary payload in bytes', () => {
    const packets: Packet[] = [
      { type: 'message', data: 'hell€ w😀' },
      { type: 'message', data: bytes('01') },
    ];
    const body = codec.encodePayload(packets, true) as Uint8Array;
    expect(hex(body)).toBe('000104ff' + '3468656c6ce282ac2077f09f9880' + '0102ff' + '0401');
    expect(codec.decodePayload(body).packets).toEqual(packets);
  });

  it('codec writes text where no packet is binary, or the other side reads none', () => {
    expect(codec.encodePayload([{ type: 'noop', data: '' }], true)).toBe('1:6');
    expect(codec.encodePayload([{ type: 'message', data: bytes('01') }], false)).toBe('6:b4AQ==');
  });

  it('codec skips what says nothing', () => {
    expect(codec.decodePayload('0:1:60:')).toMatchObject({
      packets: [{ type: 'noop', data: '' }],
      violation: null,
    });
  });

  it.each(['', '4', ':4', '1', '2:4', 'a:4', '1e0:4', '-1:4', '1:41', '1:4:', '0000000000000001:4'])(
    'codec refuses the text payload %j',
    (body) => {
      expect(codec.decodePayload(body).violation).toBe('EIO_ERR_INVALID_PAYLOAD');
    },
  );

  it.each([
    ['nothing', ''],
    ['no length', '00ff34'],
    ['no end of the length', '000134'],
    ['a digit beyond nine', '000aff34'],
    ['an unknown mark', '0201ff34'],
    ['more announced than there is', '0002ff34'],
    ['too many digits', `00${'00'.repeat(15)}01ff34`],
  ])('codec refuses a binary payload with %s', (_, notation) => {
    expect(codec.decodePayload(bytes(notation)).violation).toBe('EIO_ERR_INVALID_PAYLOAD');
  });

  it('codec delivers what came before the fault', () => {
    expect(codec.decodePayload('2:4a9:4b')).toMatchObject({
      packets: [{ type: 'message', data: 'a' }],
      violation: 'EIO_ERR_INVALID_PAYLOAD',
    });
    expect(codec.decodePayload(bytes('0002ff3461' + '0001ff39')).violation).toBe(
      'EIO_ERR_UNKNOWN_PACKET_TYPE',
    );
  });
});

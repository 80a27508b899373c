import { Decoder, type Packet, PacketType } from '@hawser/io/parser';
import { describe, expect, it } from 'vitest';

function open(options?: ConstructorParameters<typeof Decoder>[0]): { decoder: Decoder; packets: Packet[] } {
  const decoder = new Decoder(options);
  const packets: Packet[] = [];
  decoder.on('decoded', (packet) => packets.push(packet));
  return { decoder, packets };
}

describe('Decoder', () => {
  it('hands out a packet with no members that it does not have', () => {
    const { decoder, packets } = open();
    decoder.add('0');
    decoder.add('2["hello"]');
    decoder.add('3/a,7[1]');
    expect(packets).toStrictEqual([
      { type: PacketType.CONNECT, nsp: '/' },
      { type: PacketType.EVENT, nsp: '/', data: ['hello'] },
      { type: PacketType.ACK, nsp: '/a', data: [1], id: 7 },
    ]);
  });

  it('takes bytes as a Buffer, another view, an ArrayBuffer or a Blob, and keeps them', () => {
    const { decoder, packets } = open();
    const chunks = [Buffer.from([1]), new Uint8Array([2]), new ArrayBuffer(3), new Blob(['4'])];
    const placeholders = chunks.map((_, num) => `{"_placeholder":true,"num":${num}}`);
    decoder.add(`54-["a",${placeholders.join()}]`);
    for (const chunk of chunks) decoder.add(chunk);
    const [name, ...attachments] = packets[0]!.data as unknown[];
    expect(name).toBe('a');
    expect(attachments.map((attachment, i) => attachment === chunks[i])).toEqual([true, true, true, true]);
  });

  it('throws for a chunk that is neither text nor bytes', () => {
    for (const chunk of [undefined, null, 5, {}, []]) {
      expect(() => new Decoder().add(chunk)).toThrow(/^Unknown type/);
    }
  });

  it('has a stable code on what it throws', () => {
    expect(() => new Decoder().add('2["connect"]')).toThrow(
      expect.objectContaining({ code: 'SIO_ERR_RESERVED_EVENT' }),
    );
  });

  it('refuses more attachments than the limit', () => {
    const { decoder } = open({ maxAttachments: 1 });
    decoder.add('51-["a",{"_placeholder":true,"num":0}]');
    expect(() => new Decoder({ maxAttachments: 1 }).add('52-["a"]')).toThrow('too many attachments');
    expect(() => new Decoder().add('511-["a"]')).toThrow('too many attachments');
  });

  it('takes a reviver in place of the options', () => {
    const { decoder, packets } = open((_, value) => (value === 1 ? 'one' : value));
    decoder.add('2["a",1]');
    expect(packets[0]?.data).toEqual(['a', 'one']);
  });

  it('reads on after destroy, and after what it refused', () => {
    const { decoder, packets } = open();
    decoder.add('51-["half",{"_placeholder":true,"num":0}]');
    decoder.destroy();
    decoder.add('2["after destroy"]');
    expect(() => decoder.add('9')).toThrow('unknown packet type 9');
    decoder.add('2["after an error"]');
    expect(packets.map(({ data }) => data)).toEqual([['after destroy'], ['after an error']]);
  });

  it('lets through what a listener throws', () => {
    const decoder = new Decoder();
    decoder.on('decoded', () => {
      throw new Error("the listener's own");
    });
    expect(() => decoder.add('2["a"]')).toThrow("the listener's own");
  });
});

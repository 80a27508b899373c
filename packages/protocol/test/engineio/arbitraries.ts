import fc from 'fast-check';
import type { Packet, PacketType } from '../../src/engineio/packet.ts';
import { anyText } from '../websocket/arbitraries.ts';

const type = fc.constantFrom<PacketType>('open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop');

/** Text as programs send it, and what the framings are made of; a separator ends a packet, so it is left out. */
export const text = fc
  .oneof(
    anyText(30),
    fc.string({ unit: fc.constantFrom('0', '4', 'b', ':', '\xff', 'é', '€', '😀'), maxLength: 12 }),
  )
  .map((value) => value.replaceAll('\x1e', ''));

const textPacket: fc.Arbitrary<Packet> = fc.record({ type, data: text });

const binaryData = fc.uint8Array({ maxLength: 300 });

/** Packets that version 4 can carry: its binary data are messages. */
export const packetV4: fc.Arbitrary<Packet> = fc.oneof(
  textPacket,
  binaryData.map((data) => ({ type: 'message' as const, data })),
);

/** Packets that version 3 can carry. */
export const packetV3: fc.Arbitrary<Packet> = fc.oneof(textPacket, fc.record({ type, data: binaryData }));

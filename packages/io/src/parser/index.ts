export { Decoder, type DecoderOptions } from './decoder.ts';
export { Encoder, type Replacer } from './encoder.ts';
export { ParserError } from './errors.ts';
export { isPacketValid, type Packet, PacketType, protocol } from './packet.ts';

/** What the tests use of the version 3 parser, which has no types of its own. */
declare module 'engine.io-parser-2' {
  interface UpstreamPacket {
    readonly type: string;
    readonly data?: string | Uint8Array;
  }
  type Encoded = string | Buffer;
  const parser: {
    encodePacket(packet: UpstreamPacket, supportsBinary: boolean, callback: (encoded: Encoded) => void): void;
    decodePacket(encoded: Encoded): UpstreamPacket;
    encodePayload(
      packets: readonly UpstreamPacket[],
      supportsBinary: boolean,
      callback: (encoded: Encoded) => void,
    ): void;
    decodePayload(
      encoded: Encoded,
      binaryType: null,
      callback: (packet: UpstreamPacket, index: number, total: number) => void,
    ): void;
  };
  export default parser;
}

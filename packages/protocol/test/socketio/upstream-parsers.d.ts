/** What the tests use of the protocol 4 parser, which has no types of its own. */
declare module 'socket.io-parser-3' {
  interface UpstreamPacket {
    type: number;
    nsp: string;
    data?: unknown;
    id?: number;
  }
  const parser: {
    readonly Encoder: new () => {
      encode(packet: UpstreamPacket, callback: (encoded: (string | Buffer)[]) => void): void;
    };
    readonly Decoder: new () => {
      on(name: 'decoded', listener: (packet: UpstreamPacket) => void): void;
      add(message: string | Buffer): void;
    };
  };
  export default parser;
}

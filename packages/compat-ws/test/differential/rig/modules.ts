import type { Duplex, DuplexOptions, Writable } from 'node:stream';
import * as wsPackage from 'ws';
import * as compat from '../../../src/index.ts';

type PerMessageDeflateParams = Record<string, string | number | true>;
type OfferedParams = Record<string, (string | true)[]>;
type Done = (error: Error | null, data?: Buffer) => void;

/** The extension of one connection, as far as the typings of `ws` do not know it. */
export interface PerMessageDeflateLike {
  readonly params: PerMessageDeflateParams | null;
  offer(): PerMessageDeflateParams;
  accept(configurations: readonly OfferedParams[]): PerMessageDeflateParams;
  cleanup(): void;
  compress(data: Buffer, fin: boolean, callback: Done): void;
  decompress(data: Buffer, fin: boolean, callback: Done): void;
}

/** A sender that stands alone. */
export interface SenderLike {
  close(code?: number, data?: string | Buffer, mask?: boolean, callback?: () => void): void;
  ping(data: unknown, mask?: boolean, callback?: () => void): void;
  pong(data: unknown, mask?: boolean, callback?: () => void): void;
  send(data: unknown, options: object, callback?: () => void): void;
  sendFrame(list: Buffer[], callback?: () => void): void;
}

/** What a script is given: the named exports of `ws`. */
export interface WsModule {
  readonly name: string;
  readonly WebSocket: typeof wsPackage.WebSocket;
  readonly WebSocketServer: typeof wsPackage.WebSocketServer;
  readonly createWebSocketStream: (socket: wsPackage.WebSocket, options?: DuplexOptions) => Duplex;
  readonly extension: {
    format(extensions: object): string;
    parse(header: string): Record<string, OfferedParams[]>;
  };
  readonly subprotocol: { parse(header: string): Set<string> };
  readonly PerMessageDeflate: {
    new (options?: object, isServer?: boolean, maxPayload?: number): PerMessageDeflateLike;
    readonly extensionName: string;
  };
  readonly Receiver: new (options?: object) => Writable;
  readonly Sender: {
    new (socket: Duplex, extensions?: object, generateMask?: (mask: Buffer) => void): SenderLike;
    frame(data: Buffer, options: object): Buffer[];
  };
}

/** A socket under test. */
export type Socket = wsPackage.WebSocket;
/** A server under test. */
export type Server = wsPackage.WebSocketServer;

export const upstream = { ...wsPackage, name: 'ws' } as unknown as WsModule;
export const ours = { ...compat, name: 'compat-ws' } as unknown as WsModule;

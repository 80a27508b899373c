import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer, RequestOptions } from 'node:https';

/** Anything that can be sent as text. */
export interface IStringified {
  toString: (...args: never[]) => string;
}

/** What server and client have in common. */
export interface IConfig {
  /** Most payload bytes of one received frame; more fails with 1009. @defaultValue 64 KiB, 1 MiB in a client */
  maxReceivedFrameSize?: number | undefined;
  /** Most bytes of a message that comes in fragments; more fails with 1009. @defaultValue 1 MiB, 8 MiB in a client */
  maxReceivedMessageSize?: number | undefined;
  /** Whether messages above `fragmentationThreshold` are sent in fragments. @defaultValue true */
  fragmentOutgoingMessages?: boolean | undefined;
  /** Bytes of one fragment. @defaultValue 16 KiB */
  fragmentationThreshold?: number | undefined;
  /** `false`: every frame is reported by a `frame` event, and no message is put together. @defaultValue true */
  assembleFragments?: boolean | undefined;
  /** Milliseconds that the peer has to answer a close frame and end the connection. @defaultValue 5000 */
  closeTimeout?: number | undefined;
  /** Sets TCP_NODELAY. @defaultValue true */
  disableNagleAlgorithm?: boolean | undefined;
}

/** How a silent peer is noticed. */
export interface IKeepaliveConfig {
  /** @defaultValue true in a server */
  keepalive?: boolean | undefined;
  /** Milliseconds of silence after which a ping is sent. @defaultValue 20000 */
  keepaliveInterval?: number | undefined;
  /** Whether a peer that stays silent after a ping is dropped. @defaultValue true */
  dropConnectionOnKeepaliveTimeout?: boolean | undefined;
  /** Milliseconds of silence after that ping. @defaultValue 10000 */
  keepaliveGracePeriod?: number | undefined;
  /** TCP keep-alive probes in place of pings; the two options above then do not count. @defaultValue false */
  useNativeKeepalive?: boolean | undefined;
}

/** What a connection is configured with. */
export interface ConnectionConfig extends IConfig, IKeepaliveConfig {}

/** Options of `server`. */
export interface IServerConfig extends ConnectionConfig {
  /** Where to listen for upgrades. */
  httpServer: HttpServer | HttpsServer | (HttpServer | HttpsServer)[];
  /** Accepts everybody, whatever page or program they come from. @defaultValue false */
  autoAcceptConnections?: boolean | undefined;
  /**
   * Whether `X-Forwarded-For` is left unread. Set it to `true` unless a proxy of your own writes that header: any
   * client can send it, and so choose the address that you see. @defaultValue false
   */
  ignoreXForwardedFor?: boolean | undefined;
  /** @defaultValue true */
  parseCookies?: boolean | undefined;
  /** @defaultValue true */
  parseExtensions?: boolean | undefined;
}

/** Options of `client`. */
export interface IClientConfig extends ConnectionConfig {
  /** 13 (RFC 6455), or 8, which sends `Sec-WebSocket-Origin` in place of `Origin`. @defaultValue 13 */
  webSocketVersion?: number | undefined;
  /** Options of `https.request` for `wss:`; `headers` are sent with the request. */
  tlsOptions?: RequestOptions | undefined;
}

/** A cookie to set. */
export interface ICookie {
  name: string;
  value: string;
  path?: string | undefined;
  domain?: string | undefined;
  expires?: Date | undefined;
  /** Seconds. */
  maxage?: number | string | undefined;
  secure?: boolean | undefined;
  httponly?: boolean | undefined;
}

/** An extension in use. There never is one. */
export interface IExtension {
  name: string;
  value: string;
}

export interface IUtf8Message {
  type: 'utf8';
  utf8Data: string;
}

export interface IBinaryMessage {
  type: 'binary';
  binaryData: Buffer;
}

export type Message = IUtf8Message | IBinaryMessage;

const DEFAULT_CONFIG = {
  fragmentOutgoingMessages: true,
  fragmentationThreshold: 0x4000,
  assembleFragments: true,
  disableNagleAlgorithm: true,
  closeTimeout: 5000,
};

export const DEFAULT_SERVER_CONFIG = Object.freeze({
  ...DEFAULT_CONFIG,
  maxReceivedFrameSize: 0x10000,
  maxReceivedMessageSize: 0x100000,
  keepalive: true,
  keepaliveInterval: 20_000,
  dropConnectionOnKeepaliveTimeout: true,
  keepaliveGracePeriod: 10_000,
  useNativeKeepalive: false,
  autoAcceptConnections: false,
  ignoreXForwardedFor: false,
  parseCookies: true,
  parseExtensions: true,
}) satisfies Omit<IServerConfig, 'httpServer'>;

export const DEFAULT_CLIENT_CONFIG = Object.freeze({
  ...DEFAULT_CONFIG,
  maxReceivedFrameSize: 0x100000,
  maxReceivedMessageSize: 0x800000,
  webSocketVersion: 13,
}) satisfies IClientConfig;

import type { AnyValue } from '../events.ts';
import type { Transport } from './transport.ts';

export type TransportName = 'polling' | 'websocket' | 'webtransport' | (string & {});

export type TransportCtor = { new (options: AnyValue): Transport };

/** Options of an Engine.IO client. Those of TLS and of addresses, `agent` and `autoUnref` are Node's only. */
export interface SocketOptions {
  /** The host to connect to, from the URI. */
  host?: string;
  /** As `host`, without a port. */
  hostname?: string;
  /** Whether TLS is used, from the URI. */
  secure?: boolean;
  /** From the URI. */
  port?: string | number;
  /** Further parameters of every request. */
  query?: { [key: string]: AnyValue };
  /** An `http.Agent` or `https.Agent`. @defaultValue `false`: a connection for each request */
  agent?: string | boolean;
  /** Move from polling to a better transport. @defaultValue true */
  upgrade?: boolean;
  /** Send binary data as base64. @defaultValue false */
  forceBase64?: boolean;
  /** The parameter with the timestamp. @defaultValue 't' */
  timestampParam?: string;
  /** Make every URL unique. @defaultValue true when polling, false for WebSocket */
  timestampRequests?: boolean;
  /** What to connect with, in this order. @defaultValue `['polling', 'websocket', 'webtransport']` */
  transports?: TransportName[] | TransportCtor[];
  /** As `transports` with classes. */
  transportImplementations?: TransportCtor[];
  /** When the first transport fails to open, try the others. @defaultValue false */
  tryAllTransports?: boolean;
  /** Begin with WebSocket where the last connection had come to it. @defaultValue false */
  rememberUpgrade?: boolean;
  /** Time for a polling request, in milliseconds; 0 for as long as it takes. @defaultValue 0 */
  requestTimeout?: number;
  /** Options of single transports, by their name. */
  transportOptions?: object;
  pfx?: string;
  key?: string;
  passphrase?: string;
  cert?: string;
  ca?: string | string[];
  ciphers?: string;
  /** Accept only certificates that can be verified. Off, anybody in between can read and change everything. */
  rejectUnauthorized?: boolean;
  /** Compares the certificate with the name of the server, or with what the program knows of it; an error refuses it. */
  checkServerIdentity?: (hostname: string, certificate: AnyValue) => Error | undefined;
  /** 4 or 6, to connect by IPv4 or by IPv6 only. */
  family?: number;
  /** The address of this machine to connect from. */
  localAddress?: string;
  /** `Origin` that WebSockets send in Node. */
  origin?: string;
  /** Further headers; browsers cannot send them with WebSockets, React Native and Node can. */
  extraHeaders?: { [header: string]: string };
  /** Send cookies, to other origins too. In Node those that the server set are kept and sent. @defaultValue false */
  withCredentials?: boolean;
  /** Close when the page is left, on `beforeunload` already. @defaultValue false */
  closeOnBeforeunload?: boolean;
  /** Use the timers from before a test replaced them. @defaultValue false */
  useNativeTimers?: boolean;
  /** Do not keep a Node process alive by timers. @defaultValue false */
  autoUnref?: boolean;
  /**
   * Compress messages of at least `threshold` bytes, over WebSocket in Node; the others ask that one end, or the other, begin
   * each message anew (RFC 7692 section 7.1.1).
   * @defaultValue `{ threshold: 1024, serverNoContextTakeover: false, clientNoContextTakeover: false }`
   */
  perMessageDeflate?: {
    threshold?: number;
    serverNoContextTakeover?: boolean;
    clientNoContextTakeover?: boolean;
  };
  /** Where the server is. @defaultValue '/engine.io' */
  path?: string;
  /** End the path with a slash. @defaultValue true */
  addTrailingSlash?: boolean;
  /** Subprotocols of WebSockets. */
  protocols?: string | string[];
  /**
   * Most bytes of one message, or of the answer to one poll, that a server may make us hold; more is a
   * `transport error`.
   * @defaultValue 104 857 600
   */
  maxPayload?: number;
  /**
   * Most messages that wait for a transport; `write` throws for one more.
   * @defaultValue 100 000
   */
  maxBufferedEvents?: number;
  /** Most bytes of them, and of what a WebSocket keeps: beyond it, `write` throws. @defaultValue 67 108 864 */
  maxBufferedBytes?: number;
}

/** The defaults of what may wait to be sent. */
export const MAX_BUFFERED_EVENTS = 100_000;
export const MAX_BUFFERED_BYTES = 67_108_864;

/** The default of `maxPayload`. */
export const MAX_PAYLOAD_BYTES = 104_857_600;

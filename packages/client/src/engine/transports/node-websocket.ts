import { type CompressionOptions, WebSocket } from '@hawser/ws';
import type { SocketOptions } from '../options.ts';
import type { Packet, RawData } from '../packet.ts';
import { tlsOptionsOf } from '../tls-options.ts';
import { BaseWebSocket, type WebSocketLike } from './websocket.ts';

/** Node's WebSockets do not find the time for handshakes bounded by a page; the manager has a bound of its own. */
const HANDSHAKE_TIMEOUT_MS = 120_000;

/** The options in the words of `@hawser/ws`, with the defaults of `ws`. */
function compressionOf(options: NonNullable<SocketOptions['perMessageDeflate']>): CompressionOptions {
  const { threshold, serverNoContextTakeover = false, clientNoContextTakeover = false } = options;
  return { thresholdBytes: threshold ?? 1024, serverNoContextTakeover, clientNoContextTakeover };
}

/** The WebSocket of `@hawser/ws`: with headers, TLS options and an agent. */
export class NodeWebSocket extends BaseWebSocket {
  createSocket(uri: string, protocols: string | string[] | undefined): WebSocketLike {
    const { extraHeaders, agent, autoUnref, origin, perMessageDeflate } = this.opts;
    const cookies = [extraHeaders?.cookie, this.socket?._cookieJar?.header()]
      .flat()
      .filter(Boolean)
      .join('; ');
    const ws = new WebSocket(uri, protocols ?? [], {
      headers: { ...extraHeaders, ...(cookies && { cookie: cookies }) },
      ...(origin && { origin }),
      tls: tlsOptionsOf(this.opts),
      ...(agent && { agent: agent as never }),
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      maxMessageBytes: this.maxPayload,
      compression: perMessageDeflate ? compressionOf(perMessageDeflate) : false,
    });
    if (autoUnref) ws.unref();
    return ws as unknown as WebSocketLike;
  }

  doWrite({ options }: Packet, data: RawData): void {
    this.ws.send(data, { compress: options?.compress !== false });
  }
}

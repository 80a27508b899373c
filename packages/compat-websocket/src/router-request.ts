import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { UrlWithParsedQuery } from 'node:url';
import type { WebSocketConnection } from './connection.ts';
import type { ICookie } from './options.ts';
import type { WebSocketRequest } from './request.ts';
import type { IRequestedExtension } from './request-headers.ts';

/** Stands for a request that names no subprotocol. */
export const NO_PROTOCOL = '____no_protocol____';

interface RouterRequestEvents {
  requestAccepted: [connection: WebSocketConnection];
  requestRejected: [request: WebSocketRouterRequest];
}

/** A request that a router has found a handler for: its subprotocol is settled. */
export class WebSocketRouterRequest extends EventEmitter<RouterRequestEvents> {
  readonly webSocketRequest: WebSocketRequest;
  readonly protocol: string | null;
  readonly origin: string;
  readonly resource: string;
  readonly resourceURL: UrlWithParsedQuery;
  readonly httpRequest: IncomingMessage;
  readonly remoteAddress: string;
  readonly webSocketVersion: number;
  readonly requestedExtensions: IRequestedExtension[];
  readonly cookies: ICookie[];

  constructor(webSocketRequest: WebSocketRequest, resolvedProtocol: string) {
    super();
    this.webSocketRequest = webSocketRequest;
    this.protocol = resolvedProtocol === NO_PROTOCOL ? null : resolvedProtocol;
    this.origin = webSocketRequest.origin;
    this.resource = webSocketRequest.resource;
    this.resourceURL = webSocketRequest.resourceURL;
    this.httpRequest = webSocketRequest.httpRequest;
    this.remoteAddress = webSocketRequest.remoteAddress;
    this.webSocketVersion = webSocketRequest.webSocketVersion;
    this.requestedExtensions = webSocketRequest.requestedExtensions;
    this.cookies = webSocketRequest.cookies;
  }

  /** @see WebSocketRequest.accept */
  accept(origin?: string | null, cookies?: readonly ICookie[]): WebSocketConnection {
    const connection = this.webSocketRequest.accept(this.protocol, origin, cookies);
    this.emit('requestAccepted', connection);
    return connection;
  }

  /** @see WebSocketRequest.reject */
  reject(status?: number, reason?: string | null, extraHeaders?: object | null): void {
    this.webSocketRequest.reject(status, reason, extraHeaders);
    this.emit('requestRejected', this);
  }
}

// What of uWebSockets.js is used, which is not among the dependencies: it is not on the registry.

/** An app, as `App()` and `SSLApp()` make it. */
export interface UwsApp {
  any(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp;
  get(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp;
  ws(pattern: string, behavior: UwsBehavior): UwsApp;
}

/** What an app does with the WebSocket connections of one path. */
export interface UwsBehavior {
  readonly maxPayloadLength: number;
  readonly compression?: number;
  readonly idleTimeout?: number;
  readonly maxBackpressure?: number;
  upgrade(response: UwsResponse, request: UwsRequest, context: unknown): void;
  open(socket: UwsSocket): void;
  message(socket: UwsSocket, message: ArrayBuffer, isBinary: boolean): void;
  drain(socket: UwsSocket): void;
  pong(socket: UwsSocket): void;
  close(socket: UwsSocket, code: number, reason: ArrayBuffer): void;
}

/** A request. It is only good until its handler returns. */
export interface UwsRequest {
  getMethod(): string;
  getUrl(): string;
  getQuery(): string;
  forEach(visit: (name: string, value: string) => void): void;
  /** Leaves it to the next handler. */
  setYield(isYielded: boolean): unknown;
}

/** What a request is answered by. It is only good until it was, or was aborted. */
export interface UwsResponse {
  onAborted(handler: () => void): unknown;
  onData(handler: (part: ArrayBuffer, isLast: boolean) => void): unknown;
  pause(): void;
  resume(): void;
  cork(write: () => void): unknown;
  writeStatus(status: string): unknown;
  writeHeader(name: string, value: Uint8Array): unknown;
  /**
   * Writes as much of a body as the kernel takes. Returns whether that was all of `body`, and whether the response is
   * complete.
   */
  tryEnd(body: Uint8Array, contentLength: number): [boolean, boolean];
  /** @param handler - given how much of the body is out; returns whether there is no more to write for now */
  onWritable(handler: (offset: number) => boolean): unknown;
  /** Writes a part of a body of unknown length; returns whether the kernel took all of it. */
  write(part: Uint8Array): boolean;
  end(body: Uint8Array | string, closesConnection: boolean): unknown;
  endWithoutBody(): unknown;
  getWriteOffset(): number;
  close(): unknown;
  getRemoteAddressAsText(): ArrayBuffer;
  upgrade(userData: object, key: string, protocols: string, extensions: string, context: unknown): void;
}

/** A WebSocket connection. Its methods throw once it is closed. */
export interface UwsSocket {
  /** Returns 1 for sent, 0 for waiting in memory, 2 for dropped. */
  send(data: string | Uint8Array, isBinary: boolean, isCompressible: boolean): number;
  ping(): unknown;
  end(code?: number, reason?: string): void;
  cork(write: () => void): unknown;
  getBufferedAmount(): number;
  getUserData(): unknown;
}

import { type SendData, type SendOptions, toBytes, toPayload } from './data.ts';
import type { StreamConnection } from './stream-connection.ts';
import type { SendResult } from './stream-context.ts';
import type { Topics } from './topics.ts';

/**
 * One client of a {@link WebSocketServer}. Every call is harmless on a closed connection, and says so.
 * @typeParam Data - what the `upgrade` handler attached
 */
export class ServerSocket<Data = undefined> {
  /** What the `upgrade` handler attached. */
  readonly data: Data;
  /** The subprotocol in use, or an empty string. */
  readonly protocol: string;
  readonly #connection: StreamConnection<ServerSocket<Data>>;
  readonly #topics: Topics;

  /** @internal Made by the server. */
  constructor(
    connection: StreamConnection<ServerSocket<Data>>,
    topics: Topics,
    data: Data,
    protocol: string,
  ) {
    this.#connection = connection;
    this.#topics = topics;
    this.data = data;
    this.protocol = protocol;
  }

  /** Messages can be sent; `false` from the moment that either side begins to close. */
  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  /** 1 (open), 2 (closing) or 3 (closed), as the browser's `WebSocket` counts. */
  get readyState(): 1 | 2 | 3 {
    return this.#connection.readyState;
  }

  /** Bytes that wait in memory to be sent, frame headers included. */
  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  /** The peer's IP address, behind a proxy the proxy's; empty once the connection is closed. */
  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }

  /** What this socket is subscribed to; empty once it is closing. */
  get topics(): ReadonlySet<string> {
    return this.#topics.of(this.#connection);
  }

  /**
   * Sends a message and returns what became of it.
   *
   * @param data - a string goes out as text, bytes as binary unless `options.binary` is `false`. Bytes above
   *   4 KiB are borrowed until they are written, as with `stream.write`: do not change them in the same turn of
   *   the event loop, nor while `bufferedBytes` is not 0
   * @throws TypeError when `data` is of another type
   */
  send(data: SendData, options?: SendOptions): SendResult {
    return this.#connection.send(toPayload(data), options?.binary ?? typeof data !== 'string');
  }

  /**
   * Sends a ping. The peer's pong comes to the `pong` handler.
   * @param data - at most 125 bytes
   * @throws WS_ERR_CONTROL_PAYLOAD_ARGUMENT when it has more
   */
  ping(data: SendData = ''): SendResult {
    return this.#connection.sendControl('ping', toBytes(data));
  }

  /**
   * Begins the closing handshake; `close` is called when it is done, or when the peer lets `closeTimeoutMs` pass.
   * @param code - 1000 to 1003, 1007 to 1014 or 3000 to 4999
   * @param reason - at most 123 bytes of UTF-8
   * @returns `false` when the connection was closing or closed already
   * @throws WS_ERR_CLOSE_CODE_ARGUMENT, WS_ERR_CLOSE_REASON_ARGUMENT
   */
  close(code = 1000, reason = ''): boolean {
    return this.#connection.close(code, reason);
  }

  /** Cuts the connection at once, without a close frame. */
  terminate(): void {
    this.#connection.terminate();
  }

  /** Has messages published to `topic` sent here. Returns `false` when that is so already, or nothing is open. */
  subscribe(topic: string): boolean {
    return this.#connection.isOpen && this.#topics.add(topic, this.#connection);
  }

  /** Undoes {@link subscribe}. Returns `false` when there was nothing to undo. */
  unsubscribe(topic: string): boolean {
    return this.#topics.delete(topic, this.#connection);
  }
}

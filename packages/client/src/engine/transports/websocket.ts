import { globals } from '../globals.ts';
import { defer } from '../guard.ts';
import { type Packet, type RawData, readData, sizeOf } from '../packet.ts';
import { FAULTS, Transport } from '../transport.ts';

/** What of a WebSocket is used, of a browser's or of any other. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  readonly bufferedAmount?: number;
  readonly readyState?: number;
  send(data: RawData, options?: object): void;
  close(): void;
}

/** The state of a WebSocket before those in which it closes. */
const OPEN = 1;

/** What a `close` event says. */
interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** Packets as WebSocket messages. Where the WebSocket comes from is a subclass's. */
export abstract class BaseWebSocket extends Transport {
  declare ws: WebSocketLike;
  /** What an `error` event said of a connection that was open. */
  #fault: unknown;

  get name(): string {
    return 'websocket';
  }

  override get isEnding(): boolean {
    return (this.ws.readyState ?? OPEN) > OPEN;
  }

  override get bufferedAmount(): number {
    return this.ws?.bufferedAmount ?? 0;
  }

  abstract createSocket(
    uri: string,
    protocols: string | string[] | undefined,
    options: Record<string, unknown>,
  ): WebSocketLike;

  abstract doWrite(packet: Packet, data: RawData): void;

  protected doOpen(): void {
    this.ws = this.createSocket(this.uri(), this.opts.protocols, {});
    const { ws } = this;
    ws.binaryType = this.socket?.binaryType === 'blob' ? 'blob' : 'arraybuffer';
    ws.onopen = () => this.onOpen();
    ws.onclose = (event) => this.#closed(event);
    ws.onmessage = ({ data }: { data: RawData }) => this.#received(data);
    ws.onerror = (event: { error?: unknown }) => {
      // What happened to an open connection, the `close` event says.
      if (this.readyState === 'opening') this.onError('websocket error', event.error ?? event);
      else this.#fault = event.error;
    };
  }

  protected write(packets: Packet[]): void {
    this.writable = false;
    readData(
      this,
      packets,
      (readable) => {
        this.unsent = readable.length;
        for (const packet of readable) {
          // It may have come to its end while a blob was read: what is left goes out elsewhere.
          if (this.readyState === 'closed' || this.isEnding) return;
          this.unsent--;
          try {
            this.doWrite(packet, this.#encode(packet));
          } catch (error) {
            this.unsendable = packet;
            throw error;
          }
        }
        // Not at once, so that what one turn sends goes out together.
        defer(() => {
          if (this.readyState === 'closed') return;
          this.writable = true;
          this.emitReserved('drain');
        });
      },
      (error) => this.onError('websocket error', error),
    );
  }

  protected doClose(): void {
    const { ws } = this;
    if (ws === undefined) return;
    ws.onerror = () => {};
    ws.onclose = ws.onmessage = null;
    // Closing what is still opening is an error that nobody waits for.
    ws.close();
  }

  /** Returns the URL of the WebSocket. */
  protected uri(): string {
    const query: Record<string, string | number> = this.stampedQuery(this.opts.timestampRequests);
    if (!this.supportsBinary) query.b64 = 1;
    return this.createUri(this.opts.secure ? 'wss' : 'ws', query);
  }

  #encode({ type, data }: { type: Packet['type']; data: string | Uint8Array }): RawData {
    return this.supportsBinary
      ? this.codec.encodeFrame(type, data)
      : this.codec.encodePayload([{ type, data }]);
  }

  #received(data: RawData): void {
    if (sizeOf(data) <= this.maxPayload) this.onData(data);
    else this.onError('websocket error', `message of more than ${this.maxPayload} bytes`);
  }

  #closed(event: Closing): void {
    const { code, reason } = event;
    const message: unknown = (this.#fault as Partial<Error> | undefined)?.message;
    if (!(code in FAULTS) && typeof message === 'string' && !message.endsWith('without a close frame')) {
      this.onError('websocket error', message, event);
    } else {
      this.onPeerClose(code, reason, event);
    }
  }
}

/** The runtime's own WebSocket. */
export class WS extends BaseWebSocket {
  createSocket(uri: string, protocols: string | string[] | undefined): WebSocketLike {
    // React Native's takes headers; others do not look.
    return new globals.WebSocket!(uri, protocols, { headers: this.opts.extraHeaders }) as WebSocketLike;
  }

  doWrite(_packet: Packet, data: RawData): void {
    this.ws.send(data);
  }
}

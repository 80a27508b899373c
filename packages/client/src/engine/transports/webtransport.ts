import { globals, type WebTransportSession } from '../globals.ts';
import { type Packet, readData } from '../packet.ts';
import { Transport } from '../transport.ts';
import { encodeStreamFrame, StreamReader } from './stream-framing.ts';

/** How long a server may take to get what was sent last. */
const CLOSE_TIMEOUT_MS = 3000;

/** Packets on one stream of HTTP/3. */
export class WT extends Transport {
  #session: WebTransportSession | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;

  get name(): string {
    return 'webtransport';
  }

  readonly #fail = (error: unknown): void => {
    if (this.readyState !== 'closed') this.onError('webtransport error', error);
  };

  protected doOpen(): void {
    const options = (this.opts.transportOptions as Record<string, unknown> | undefined)?.[this.name];
    const session = new globals.WebTransport!(this.createUri('https'), options);
    this.#session = session;
    session.closed.then((info) => {
      if (this.readyState !== 'closed') this.onPeerClose(info?.closeCode, info?.reason, info);
    }, this.#fail);
    this.#run(session).catch(this.#fail);
  }

  protected write(packets: Packet[]): void {
    this.writable = false;
    const send = async (readable: { type: Packet['type']; data: string | Uint8Array }[]) => {
      for (const { type, data } of readable) await this.#send(type, data);
      if (this.readyState === 'closed') return;
      this.writable = true;
      this.emitReserved('drain');
    };
    readData(this, packets, (readable) => send(readable).catch(this.#fail), this.#fail);
  }

  protected doClose(): void {
    const end = () => {
      this.#session?.close();
      this.#session = undefined;
    };
    this.setTimeoutFn(end, this.#writer ? CLOSE_TIMEOUT_MS : 0);
    // What was written last has to be there before the session ends.
    this.#writer?.close().then(end, end);
  }

  async #run(session: WebTransportSession): Promise<void> {
    await session.ready;
    const { readable, writable } = await session.createBidirectionalStream();
    this.#writer = writable.getWriter();
    const streamReader = new StreamReader(this.maxPayload, (frame) => {
      if (this.readyState !== 'closed') this.onData(frame);
    });
    const { sid } = this.query;
    await this.#send('open', sid ? JSON.stringify({ sid }) : '');
    if (this.readyState === 'closed') return;
    this.onOpen();
    for (const reader = readable.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) return;
      this.emitReserved('progress');
      streamReader.receive(value);
    }
  }

  #send(type: Packet['type'], data: string | Uint8Array): Promise<void> | undefined {
    return this.#writer?.write(
      // A frame without payload is an error to upstream's decoder; empty binary data can also be said in text.
      encodeStreamFrame(
        data.length === 0 && typeof data !== 'string' ? 'b' : this.codec.encodeFrame(type, data),
      ),
    );
  }
}

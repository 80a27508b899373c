import { createPacketDecoderStream, createPacketEncoderStream, type Packet } from 'engine.io-parser';

/** Both ends of a WebTransport session in memory, as the streams of the standard. */
export interface WebTransportPair {
  /** What is handed to the engine. */
  readonly session: {
    readonly incomingBidirectionalStreams: ReadableStream;
    readonly closed: Promise<unknown>;
    close(): void;
  };
  /** The client's bytes. */
  readonly bytes: WritableStreamDefaultWriter<Uint8Array>;
  /** The client's packets. */
  readonly packets: WritableStreamDefaultWriter<Packet>;
  readonly received: ReadableStreamDefaultReader<Packet>;
  readonly closed: Promise<unknown>;
  /** The client ends the session. */
  close(): void;
}

/** Opens a session with one stream, or with none. */
export function openWebTransport(hasStream = true): WebTransportPair {
  const up = new TransformStream<Uint8Array, Uint8Array>();
  const down = new TransformStream<Uint8Array, Uint8Array>();
  let end: (value: unknown) => void = () => {};
  const closed = new Promise((resolve) => {
    end = resolve;
  });
  const streams = new ReadableStream({
    start(controller) {
      if (hasStream) controller.enqueue({ readable: up.readable, writable: down.writable });
      closed.then(() => controller.close());
    },
  });
  const encoder = createPacketEncoderStream() as unknown as TransformStream<Packet, Uint8Array>;
  const bytes = up.writable.getWriter();
  const received = down.readable
    .pipeThrough(
      createPacketDecoderStream(1e6, 'nodebuffer') as unknown as TransformStream<Uint8Array, Packet>,
    )
    .getReader();
  const encoded = encoder.readable.getReader();
  const pump = async (): Promise<void> => {
    const { value, done } = await encoded.read();
    if (done) return;
    await bytes.write(value);
    await pump();
  };
  pump().catch(() => {});
  return {
    session: { incomingBidirectionalStreams: streams, closed, close: () => end(undefined) },
    bytes,
    packets: encoder.writable.getWriter(),
    received,
    closed,
    close: () => end(undefined),
  };
}

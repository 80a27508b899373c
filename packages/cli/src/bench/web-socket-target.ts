import { WebSocket } from '@hawser/ws';
import { describeClose } from '../close-codes.ts';
import { CommandError } from '../errors.ts';
import { describeConnectFailure } from './connect-failure.ts';
import { type Messages, sizeOf } from './messages.ts';
import type { BenchOptions } from './options.ts';
import type { Connection, ConnectionHandler, Target } from './target.ts';

/** A server that speaks WebSocket: a message is a message, and its answer is the same message. */
export class WebSocketTarget implements Target {
  readonly #options: BenchOptions;
  readonly #messages: Messages;

  constructor(options: BenchOptions, messages: Messages) {
    this.#options = options;
    this.#messages = messages;
  }

  /** @throws {USAGE} when the client refuses the address or an option */
  connect(handler: ConnectionHandler): Connection {
    const socket = this.#createSocket();
    let hasOpened = false;
    let failure: Error | undefined;
    socket.addEventListener('open', () => {
      hasOpened = true;
      handler.opened();
    });
    socket.addEventListener('message', ({ data }) => {
      const sequence = this.#messages.sequenceOf(data);
      if (sequence === undefined) handler.received(sizeOf(data));
      else handler.answered(sequence, sizeOf(data));
    });
    socket.addEventListener('error', ({ error }) => {
      failure = error;
    });
    socket.addEventListener('close', ({ code, reason }) => {
      handler.ended(hasOpened ? describeClose(code, reason) : describeConnectFailure(failure));
    });
    return {
      send: (sequence) => socket.send(this.#messages.make(sequence)),
      close: () => socket.close(1000),
    };
  }

  #createSocket(): WebSocket {
    const { url, subprotocols, headers, insecure, timeoutMs } = this.#options;
    try {
      const socket = new WebSocket(url, [...subprotocols], {
        headers,
        compression: false,
        // The run's own timeout comes first.
        handshakeTimeoutMs: 2 * timeoutMs,
        ...(insecure ? { tls: { rejectUnauthorized: false } } : {}),
      });
      socket.binaryType = 'arraybuffer';
      return socket;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw new CommandError('USAGE', detail, { cause: error });
    }
  }
}

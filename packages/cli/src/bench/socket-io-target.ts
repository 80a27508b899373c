import { io, type Socket } from 'socket.io-client';
import { systemErrorCode } from '../errors.ts';
import { type Messages, sizeOf } from './messages.ts';
import type { BenchOptions } from './options.ts';
import type { Connection, ConnectionHandler, Target } from './target.ts';

/**
 * A server that speaks Socket.IO: a message is an event with one argument; its answer is the same event back, or the
 * acknowledgement.
 */
export class SocketIoTarget implements Target {
  readonly #options: BenchOptions;
  readonly #messages: Messages;
  readonly #address: string;

  constructor(options: BenchOptions, messages: Messages) {
    this.#options = options;
    this.#messages = messages;
    this.#address = addressOf(options);
  }

  connect(handler: ConnectionHandler): Connection {
    const { event, ack } = this.#options.socketIo;
    const messages = this.#messages;
    const socket = this.#createSocket();
    socket.on('connect', () => handler.opened());
    socket.on('connect_error', (error) => handler.ended(describeFailure(error)));
    socket.on('disconnect', (reason) => handler.ended(reason));
    socket.onAny((name: string, ...args: unknown[]) => {
      const sequence = name === event && !ack ? messages.sequenceOf(args[0]) : undefined;
      if (sequence !== undefined) handler.answered(sequence, sizeOf(args[0]));
      else handler.received(sizeOfAll(args));
    });
    const send = (sequence: number) => void socket.emit(event, messages.make(sequence));
    // With a timeout, so that the client forgets acknowledgements that never come; they are counted elsewhere.
    const forgetMs = 2 * this.#options.timeoutMs;
    const sendForAck = (sequence: number) =>
      void socket
        .timeout(forgetMs)
        .emit(event, messages.make(sequence), (error: Error | null, ...args: unknown[]) => {
          if (error === null) handler.answered(sequence, sizeOfAll(args));
        });
    return { send: ack ? sendForAck : send, close: () => void socket.disconnect() };
  }

  #createSocket(): Socket {
    const { headers, insecure, timeoutMs, socketIo } = this.#options;
    return io(this.#address, {
      path: socketIo.path,
      // A connection each, over WebSocket from the start: polling first would measure two things.
      forceNew: true,
      transports: ['websocket'],
      reconnection: false,
      // The run's own timeout comes first.
      timeout: 2 * timeoutMs,
      extraHeaders: { ...headers },
      ...(insecure ? { rejectUnauthorized: false } : {}),
    });
  }
}

function sizeOfAll(args: readonly unknown[]): number {
  return args.reduce<number>((bytes, arg) => bytes + sizeOf(arg), 0);
}

// For this client the path of the address is the namespace.
function addressOf({ url, socketIo: { namespace } }: BenchOptions): string {
  if (namespace === undefined) return url;
  const address = new URL(url);
  address.pathname = namespace.startsWith('/') ? namespace : `/${namespace}`;
  return address.href;
}

function describeFailure(error: Error): string {
  const inner = innermost(error);
  return systemErrorCode(inner) ?? inner.message;
}

// The transport hides what happened in `description`: the WebSocket's error event, which has the error.
function innermost(error: Error): Error {
  const description: unknown = 'description' in error ? error.description : undefined;
  if (typeof description !== 'object' || description === null || !('error' in description)) return error;
  return description.error instanceof Error ? description.error : error;
}

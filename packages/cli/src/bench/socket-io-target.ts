import { Manager, type Socket } from '@hawser/client';
import { describeConnectFailure } from './connect-failure.ts';
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
  readonly #address: URL;
  readonly #namespace: string;

  constructor(options: BenchOptions, messages: Messages) {
    this.#options = options;
    this.#messages = messages;
    const { url, socketIo } = options;
    this.#address = new URL(url);
    this.#address.protocol = this.#address.protocol.replace('ws', 'http');
    this.#namespace = socketIo.namespace ?? pathOf(url) ?? this.#address.pathname;
  }

  connect(handler: ConnectionHandler): Connection {
    const { event, ack } = this.#options.socketIo;
    const messages = this.#messages;
    const socket = this.#createSocket();
    socket.on('connect', () => handler.opened());
    socket.on('connect_error', (error) => handler.ended(describeConnectFailure(causeOf(error))));
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
    // A connection each, over WebSocket from the start: polling first would measure two things.
    const manager = new Manager(this.#address.href, {
      path: socketIo.path,
      transports: ['websocket'],
      reconnection: false,
      // The run's own timeout comes first.
      timeout: 2 * timeoutMs,
      extraHeaders: { ...headers },
      ...(insecure ? { rejectUnauthorized: false } : {}),
    });
    return manager.socket(this.#namespace);
  }
}

function sizeOfAll(args: readonly unknown[]): number {
  return args.reduce<number>((bytes, arg) => bytes + sizeOf(arg), 0);
}

// For the client the path of an address is the namespace, letter for letter; `URL` would encode it.
function pathOf(url: string): string | undefined {
  return /^\w+:\/\/[^/?#]+(\/[^?#]*)/.exec(url)?.[1];
}

// The error of a transport has what happened in `description`.
function causeOf(error: Error): Error {
  return 'description' in error && error.description instanceof Error ? error.description : error;
}

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { FromTransport, ToTransport, TransportName } from './messages.ts';

type Totals = Extract<FromTransport, { readonly type: 'totals' }>;

/** What the server hears of a transport's process. */
export interface ProcessHandler {
  onTotals(totals: Totals): void;
  /** It ended although nobody had asked it to. */
  onLost(error: Error): void;
}

/** A transport in a process of its own, so that its CPU time can be told from that of the others. */
export class TransportProcess {
  readonly #child: ChildProcess;
  readonly #port: Promise<number>;
  /** Resolves with why it is over. */
  readonly #ended: Promise<string>;
  #isStopped = false;

  constructor(name: TransportName, host: string, handler: ProcessHandler) {
    const child = fork(join(__dirname, 'transport-main.js'), [name, host], { execArgv: [] });
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      // One that could not be started has no `exit`.
      child.on('error', (error) => resolve(`failed: ${error.message}`));
      child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
    });
    this.#port = new Promise((resolve, reject) => {
      child.on('message', (message: FromTransport) => {
        if (message.type === 'ready') resolve(message.port);
        else handler.onTotals(message);
      });
      void this.#ended.then((why) => {
        const error = new Error(`the lab's process for ${name} ${why}`);
        reject(error);
        if (!this.#isStopped) handler.onLost(error);
      });
    });
    // Whoever asks for the port hears of a failure; if nobody does, `onLost` has told it.
    this.#port.catch(() => {});
  }

  /** The port that it listens on, as soon as it does. */
  get port(): Promise<number> {
    return this.#port;
  }

  send(message: ToTransport): void {
    // Where it has ended and this process does not know yet, `exit` says so a moment later.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Hang up, and wait until it has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#child.connected) this.#child.disconnect();
    else this.#child.kill();
    await this.#ended;
  }
}

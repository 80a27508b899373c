import { readFile } from 'node:fs/promises';
import { WebSocket, WebSocketError } from '@hawser/ws';
import { describeClose, isNormalClose } from '../close-codes.ts';
import { CommandError, describeNetworkError, unreadableFile } from '../errors.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { printable } from '../terminal.ts';
import { ConnectConsole, type Streams } from './console.ts';
import { Pinger } from './pinger.ts';
import { SilenceTimer } from './silence-timer.ts';

/** Options of `hawser connect`. */
export interface ConnectOptions {
  readonly url: string;
  /** Send each line as a binary message. */
  readonly binary: boolean;
  readonly pingIntervalMs?: number;
  readonly subprotocols: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly origin?: string;
  /** Trust any certificate. */
  readonly insecure: boolean;
  /** File with the certificates to trust, in PEM. */
  readonly caFile?: string;
  /** Silence after the input's end before closing; by default 1 s, and none at a terminal. */
  readonly waitMs?: number;
  readonly quiet: boolean;
}

const DEFAULT_WAIT_MS = 1000;
// Input is read no faster than the connection takes it.
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * Run `hawser connect`.
 *
 * @returns the exit code
 * @throws {USAGE} when the client refuses the address or an option
 * @throws {FILE_UNREADABLE} when the certificates cannot be read
 * @throws {CONNECT_FAILED} when the connection does not open
 */
export async function runConnect(options: ConnectOptions, streams: Streams): Promise<number> {
  const socket = createSocket(options, await readCertificates(options.caFile));
  const session = new ConnectSession(socket, options, streams);
  return session.run();
}

class ConnectSession {
  readonly #socket: WebSocket;
  readonly #options: ConnectOptions;
  readonly #streams: Streams;
  readonly #console: ConnectConsole;
  readonly #silence: SilenceTimer;
  readonly #pinger: Pinger;
  #hasOpened = false;
  #isInterrupted = false;
  #failure: Error | undefined;

  constructor(socket: WebSocket, options: ConnectOptions, streams: Streams) {
    this.#socket = socket;
    this.#options = options;
    this.#streams = streams;
    this.#console = new ConnectConsole(streams, options.quiet);
    const waitMs = options.waitMs ?? (streams.stdin.isTTY === true ? 0 : DEFAULT_WAIT_MS);
    this.#silence = new SilenceTimer(waitMs, () => this.#fellSilent());
    this.#pinger = new Pinger(socket, (message) => this.#console.note(message));
  }

  async run(): Promise<number> {
    const interrupt = listenForInterrupt();
    void interrupt.interrupted.then(() => this.#interrupt());
    // The reader of our output has gone (`| head -n 1`): nothing is left to do, and that is no failure.
    this.#streams.stdout.on('error', () => this.#socket.close(1000));
    try {
      return await new Promise<number>((resolve, reject) => this.#listen(resolve, reject));
    } finally {
      this.#silence.stop();
      this.#pinger.stop();
      this.#console.closeInput();
      interrupt.dispose();
    }
  }

  #listen(resolve: (exitCode: number) => void, reject: (error: Error) => void): void {
    const socket = this.#socket;
    socket.addEventListener('open', () => this.#opened().catch(reject));
    socket.addEventListener('message', ({ data }) => {
      this.#silence.touch();
      // Output that nobody reads must not fill the memory: the server has to wait.
      if (!this.#console.showMessage(data as string | ArrayBuffer)) socket.pause();
    });
    this.#streams.stdout.on('drain', () => {
      this.#silence.touch();
      socket.resume();
    });
    socket.addEventListener('pong', ({ data }) =>
      this.#pinger.receivePong(new Uint8Array(data as ArrayBuffer)),
    );
    socket.addEventListener('error', ({ error }) => {
      this.#failure = error;
    });
    socket.addEventListener('close', ({ code, reason }) => {
      try {
        resolve(this.#closed(code, reason));
      } catch (error) {
        reject(error as Error);
      }
    });
  }

  async #opened(): Promise<void> {
    this.#hasOpened = true;
    const { protocol } = this.#socket;
    const subprotocol = protocol === '' ? '' : `, subprotocol ${protocol}`;
    const hint = this.#console.isInteractive ? '; type a line to send it, Ctrl-D or Ctrl-C to close' : '';
    this.#console.note(`connected to ${this.#options.url}${subprotocol}${hint}`);
    if (this.#options.pingIntervalMs !== undefined) this.#pinger.start(this.#options.pingIntervalMs);
    for await (const line of this.#console.openInput(() => this.#interrupt())) {
      if (this.#socket.readyState !== WebSocket.OPEN) return;
      this.#socket.send(this.#options.binary ? Buffer.from(line) : line);
      this.#console.prompt();
      await this.#waitForRoom(MAX_WAITING_BYTES);
    }
    this.#silence.start();
  }

  #interrupt(): void {
    this.#isInterrupted = true;
    this.#socket.close(1000);
  }

  #fellSilent(): void {
    // The server is not heard while our output waits: silence begins when that has left.
    if (!this.#streams.stdout.writableNeedDrain) void this.#closeWhenSent();
  }

  async #closeWhenSent(): Promise<void> {
    await this.#waitForRoom(0);
    this.#socket.close(1000);
  }

  async #waitForRoom(maxWaitingBytes: number): Promise<void> {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount <= maxWaitingBytes) return;
    const over = new AbortController();
    await new Promise<void>((resolve) => {
      for (const type of ['drain', 'close'] as const) {
        socket.addEventListener(type, () => resolve(), { signal: over.signal });
      }
    });
    over.abort();
  }

  #closed(code: number, reason: string): number {
    const { url } = this.#options;
    if (!this.#hasOpened) {
      if (this.#isInterrupted) return EXIT_CODES.interrupted;
      throw connectError(url, this.#failure);
    }
    this.#console.closeInput();
    const description = printable(describeClose(code, reason));
    if (isNormalClose(code)) {
      this.#console.note(`closed with ${description}`);
      return EXIT_CODES.ok;
    }
    const failure = this.#failure === undefined ? '' : ` (${toLine(this.#failure.message)})`;
    this.#streams.stderr.write(`hawser: closed abnormally with ${description}${failure}\n`);
    return EXIT_CODES.closedAbnormally;
  }
}

function connectError(url: string, failure: Error | undefined): CommandError {
  const words = describeNetworkError(failure);
  const detail = words ?? toLine(failure?.message ?? 'the connection was closed');
  // Where the network failed, the client's own sentence says the same with the address.
  const isSaid =
    words === undefined && failure instanceof WebSocketError && failure.code === 'WS_ERR_CONNECT_FAILED';
  const message = isSaid ? detail : `cannot connect to ${url}: ${detail}`;
  return new CommandError('CONNECT_FAILED', message, { cause: failure });
}

// What a server answers may quote a whole page.
function toLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ').trim());
}

function createSocket(options: ConnectOptions, certificates: Buffer | undefined): WebSocket {
  const { url, subprotocols, headers, origin, insecure } = options;
  const tls = {
    ...(insecure ? { rejectUnauthorized: false } : {}),
    ...(certificates === undefined ? {} : { ca: certificates }),
  };
  try {
    const socket = new WebSocket(url, [...subprotocols], {
      headers,
      tls,
      ...(origin === undefined ? {} : { origin }),
    });
    socket.binaryType = 'arraybuffer';
    return socket;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new CommandError('USAGE', detail, { cause: error });
  }
}

async function readCertificates(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    throw unreadableFile(path, error);
  }
}

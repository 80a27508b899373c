import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline';
import { styleText } from 'node:util';
import { formatForPipe, formatForScreen, type MessageData } from './display.ts';

/** The three streams of a command. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/**
 * Lines in, messages out. On a terminal there is a prompt, and what arrives is written above the line
 * that is being typed; in a pipe there is nothing but the payloads on stdout.
 */
export class ConnectConsole {
  readonly #streams: Streams;
  readonly #isQuiet: boolean;
  #lines: Interface | undefined;

  constructor(streams: Streams, isQuiet: boolean) {
    this.#streams = streams;
    this.#isQuiet = isQuiet;
  }

  /** Whether a person types and reads here. */
  get isInteractive(): boolean {
    return this.#streams.stdin.isTTY === true && this.#streams.stdout.isTTY === true;
  }

  /**
   * Begin to read lines.
   *
   * @param onInterrupt - Ctrl-C was typed at the prompt, where it makes no signal
   */
  openInput(onInterrupt: () => void): AsyncIterable<string> {
    const { stdin, stdout } = this.#streams;
    const lines = this.isInteractive
      ? createInterface({ input: stdin, output: stdout, prompt: '> ' })
      : createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('SIGINT', onInterrupt);
    this.#lines = lines;
    this.prompt();
    return lines;
  }

  /** Ask for the next line. */
  prompt(): void {
    if (this.isInteractive) this.#lines?.prompt(true);
  }

  /** Stop reading, and give the terminal back as it was. */
  closeInput(): void {
    this.#erasePrompt();
    this.#lines?.close();
    this.#lines = undefined;
    this.#streams.stdin.destroy();
  }

  /**
   * Show a message that arrived.
   *
   * @returns `false` when the next one should wait for `drain` of stdout
   */
  showMessage(data: MessageData): boolean {
    const { stdout } = this.#streams;
    if (stdout.isTTY !== true) return stdout.write(`${formatForPipe(data)}\n`);
    const arrow = hasColors(stdout) ? styleText('cyan', '<') : '<';
    return this.#writeAbovePrompt(stdout, `${arrow} ${formatForScreen(data)}\n`);
  }

  /** Tell something about the run, unless the user asked for quiet. */
  note(message: string): void {
    if (this.#isQuiet) return;
    const { stderr } = this.#streams;
    const line = `hawser: ${message}`;
    this.#writeAbovePrompt(stderr, `${hasColors(stderr) ? styleText('dim', line) : line}\n`);
  }

  #writeAbovePrompt(stream: NodeJS.WriteStream, text: string): boolean {
    this.#erasePrompt();
    const hasRoom = stream.write(text);
    this.prompt();
    return hasRoom;
  }

  #erasePrompt(): void {
    if (!this.isInteractive || this.#lines === undefined) return;
    const { stdout } = this.#streams;
    cursorTo(stdout, 0);
    clearLine(stdout, 0);
  }
}

// NO_COLOR and TERM=dumb are honoured by Node's own check.
function hasColors(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.hasColors();
}

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = join(__dirname, '..', '..');
const LAUNCHER = join(PACKAGE, 'bin', 'hawser.js');
// No command of these tests takes nearly as long, even under a browser on a busy machine; one that hangs fails
// its test instead of the run.
const TIMEOUT_MS = 120_000;

/** How a command ended. */
export interface Ending {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real `hawser` command in a process of its own, with pipes for its streams. */
export class HawserProcess {
  readonly #child: ChildProcess;
  readonly #output = { stdout: '', stderr: '' };
  readonly #watchers = new Set<() => void>();
  readonly #closed: Promise<Ending>;
  #isOver = false;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    if (!existsSync(join(PACKAGE, 'dist', 'main.js')))
      throw new Error('not built: run `npm run build` first');
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      env: { ...process.env, NO_COLOR: '1', ...env },
    });
    this.#child = child;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        this.#output[name] += text;
        this.#notify();
      });
    }
    // Writing to a command that has ended is part of some tests.
    child.stdin.on('error', () => {});
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    this.#closed = new Promise((resolve) => {
      child.on('close', (exitCode) => {
        clearTimeout(timer);
        this.#isOver = true;
        this.#notify();
        resolve({ exitCode, ...this.#output });
      });
    });
  }

  /** Read nothing that the command writes until `readOn`, so that it has to wait. */
  holdOutput(): void {
    this.#child.stdout?.pause();
  }

  readOn(): void {
    this.#child.stdout?.resume();
  }

  /** Wait until the command has written something. */
  async seen(name: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#output[name]);
      if (match !== null) return match;
      if (this.#isOver) {
        throw new Error(`ended without ${pattern} on ${name}: ${JSON.stringify(this.#output)}`);
      }
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** Wait for the command's end. */
  ended(): Promise<Ending> {
    return this.#closed;
  }

  /** Write to the command's input. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** End the command's input. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Stop reading the command's output, as `head` does. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
  }

  /** The processes that it has started, with their arguments. */
  children(): { pid: number; args: string[] }[] {
    const { pid } = this.#child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return children.filter(Boolean).map((child) => ({
      pid: Number(child),
      args: readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0'),
    }));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** End the command however it is, if it has not ended. */
  async dispose(): Promise<void> {
    if (!this.#isOver) this.#child.kill('SIGKILL');
    await this.#closed;
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}

/** Starts commands and ends those that a test left running. */
export class HawserProcesses {
  readonly #started: HawserProcess[] = [];

  start(...args: string[]): HawserProcess {
    return this.startWith({}, ...args);
  }

  /** Start a command with more in its environment. */
  startWith(env: NodeJS.ProcessEnv, ...args: string[]): HawserProcess {
    const started = new HawserProcess(args, env);
    this.#started.push(started);
    return started;
  }

  /** Run a command with an input to its end. */
  run(args: readonly string[], input = ''): Promise<Ending> {
    const started = this.start(...args);
    started.type(input);
    started.endInput();
    return started.ended();
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#started.splice(0).map((started) => started.dispose()));
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { filesOf } from '../console-page.ts';

const CACHE = fileURLToPath(new URL('../../../.cache', import.meta.url));

/** A program of a page, running as its reader would run it. */
export class PageProgram {
  readonly lines: string[] = [];
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #output: Interface;

  /** @param alter - what the test has to change of it, such as times that are too long to wait for */
  constructor(page: string, file: string, args: readonly string[], alter = (text: string): string => text) {
    // Inside the workspace, where the packages resolve as they do for a user.
    mkdirSync(CACHE, { recursive: true });
    this.#folder = mkdtempSync(join(CACHE, 'program-'));
    writeFileSync(join(this.#folder, file), alter(filesOf(page).get(file) ?? ''));
    this.#child = spawn(process.execPath, [file, ...args], {
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#output = createInterface(this.#child.stdout!).on('line', (line) => this.lines.push(line));
  }

  /** Waits for a line that it has printed or will print. */
  async printed(expected: RegExp): Promise<void> {
    while (!this.lines.some((line) => expected.test(line))) await once(this.#output, 'line');
  }

  /** Asks it to end, or makes it, and waits until it has. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit');
      this.#child.kill(signal);
      await exit;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FENCE = /^```(\w+)(?: file=(\S+))?\n([\s\S]*?)^```$/gm;
const LINE_TIMEOUT_MS = 20_000;

/** Ports that the pages name; each run puts free ones in their place. */
const PAGE_PORT = /\b808\d\b/g;

/** One command of a `console` block, and the lines that the page shows below it. */
interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly isBackground: boolean;
  readonly output: readonly string[];
}

/** What a command printed, against what the page shows. */
export interface Shown {
  readonly command: string;
  readonly expected: readonly string[];
  readonly actual: readonly string[];
}

/** Returns the files that a page names, by name. */
export function filesOf(path: string): Map<string, string> {
  const fences = [...readFileSync(join(ROOT, path), 'utf8').matchAll(FENCE)];
  return new Map(fences.flatMap(([, , file, body = '']) => (file === undefined ? [] : [[file, body]])));
}

/**
 * Runs a page of the documentation as its reader would: its named files in a folder, its commands one by one.
 * `&` leaves a command running; `$!` is its process.
 */
export async function runPage(path: string): Promise<readonly Shown[]> {
  // Inside the workspace, where the packages resolve as they do for a user.
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.cache', 'page-'));
  const running: ChildProcess[] = [];
  const shown: Shown[] = [];
  try {
    const text = await withFreePorts(readFileSync(join(ROOT, path), 'utf8'));
    for (const [, language, file, body = ''] of text.matchAll(FENCE)) {
      if (file !== undefined) writeFileSync(join(folder, file), body);
      if (language !== 'console') continue;
      for (const command of parseCommands(body)) shown.push(await runCommand(command, folder, running));
    }
  } finally {
    for (const child of running) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
  return shown;
}

async function withFreePorts(text: string): Promise<string> {
  const free = new Map<string, string>();
  for (const [port] of text.matchAll(PAGE_PORT)) free.set(port, free.get(port) ?? (await freePort()));
  return text.replace(PAGE_PORT, (port) => free.get(port) ?? port);
}

function parseCommands(block: string): Command[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [line = '', ...output] = part.trimEnd().split('\n');
      const words = line.split(' ');
      const isBackground = words.at(-1) === '&';
      const [program = '', ...args] = isBackground ? words.slice(0, -1) : words;
      return { program, args, isBackground, output };
    });
}

async function runCommand(command: Command, folder: string, running: ChildProcess[]): Promise<Shown> {
  const args = command.args.map((arg) => (arg === '$!' ? String(running.at(-1)?.pid) : arg));
  const program = command.program === 'node' ? process.execPath : command.program;
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  const actual: string[] = [];
  const timer = setTimeout(() => child.kill('SIGKILL'), LINE_TIMEOUT_MS);
  for await (const line of createInterface(child.stdout)) {
    actual.push(line);
    if (command.isBackground && actual.length === command.output.length) break;
  }
  clearTimeout(timer);
  return { command: [command.program, ...command.args].join(' '), expected: command.output, actual };
}

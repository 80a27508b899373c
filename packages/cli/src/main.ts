import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { CommandError } from './errors.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { PROCESS_TERMINAL } from './terminal.ts';

/**
 * Run the `hawser` command with the streams of this process.
 *
 * @param argv - the process's arguments, the interpreter and the script included
 * @returns the exit code, once everything that was written has left
 */
export async function main(argv: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', allowUnread);
  const exitCode = await run(argv);
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  return exitCode;
}

async function run(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT_CODES.ok;
  const program = createProgram({
    version: readVersion(),
    streams: process,
    terminal: PROCESS_TERMINAL,
    onExit: (code) => {
      exitCode = code;
    },
  });
  for (const command of [program, ...program.commands]) {
    const name = command === program ? 'hawser' : `hawser ${command.name()}`;
    command.exitOverride().configureOutput({ outputError: (text, write) => write(toOneLine(text, name)) });
  }
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has already written; its own codes know nothing between 0 and 1.
    return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
  }
  if (error instanceof CommandError) {
    PROCESS_TERMINAL.note(error.message);
    return error.exitCode;
  }
  throw error;
}

// Commander writes "error: ..." and a suggestion on a second line.
function toOneLine(text: string, name: string): string {
  const line = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ');
  // Where neither Commander nor a parser of options says what would be right, the help does.
  const saysMore = / is invalid\. |Did you mean/.test(line);
  return `hawser: ${saysMore ? line : `${line.replace(/\.$/, '')}; see ${name} --help`}\n`;
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8'));
  return (manifest as { readonly version: string }).version;
}

// Whoever reads a pipe may have read enough, as `head` does.
function allowUnread(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

// What is written to a pipe may still be on its way; leaving the process would cut it off.
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write('', () => resolve());
  });
}

import type { Command } from 'commander';
import { parseHost, parsePort } from '../option-values.ts';
import { runServe } from '../serve.ts';
import type { ProgramContext } from './context.ts';

interface ParsedServeOptions {
  readonly host: string;
  readonly port: number;
  readonly open?: boolean;
}

/** Add `hawser serve`. */
export function addServe(program: Command, { terminal, onExit }: ProgramContext): void {
  program
    .command('serve')
    .description(
      'Serve the playground: a chat in the browser over Socket.IO or WebSocket, and a lab of transports.',
    )
    .option('-p, --port <number>', 'port to listen on, 0 for any free one', parsePort, 3000)
    .option(
      '--host <address>',
      'address to listen on; 0.0.0.0 lets other machines in',
      parseHost,
      '127.0.0.1',
    )
    .option('-o, --open', 'open the page in the browser')
    .addHelpText(
      'after',
      `
Examples:
  hawser serve
  hawser serve --port 8080 --open
  hawser serve --host 0.0.0.0    try it from a phone in the same network

Ctrl-C says goodbye to every connection and stops; a second Ctrl-C stops at once.`,
    )
    .action(async ({ host, port, open }: ParsedServeOptions) => {
      onExit(await runServe({ host, port, open: open ?? false }, terminal));
    });
}

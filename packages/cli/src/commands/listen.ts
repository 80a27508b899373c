import type { Command } from 'commander';
import { runListen } from '../listen.ts';
import { parseHost, parsePort } from '../option-values.ts';
import type { ProgramContext } from './context.ts';

interface ParsedListenOptions {
  readonly host: string;
  readonly port: number;
  readonly broadcast?: boolean;
}

/** Add `hawser listen`. */
export function addListen(program: Command, { terminal, onExit }: ProgramContext): void {
  program
    .command('listen')
    .description('Run a WebSocket server to try clients against: it echoes, or broadcasts.')
    .requiredOption('-p, --port <number>', 'port to listen on, 0 for any free one', parsePort)
    .option(
      '--host <address>',
      'address to listen on; 0.0.0.0 lets other machines in',
      parseHost,
      '127.0.0.1',
    )
    .option('--broadcast', 'send each message to everyone else instead of back')
    .addHelpText(
      'after',
      `
Every path, every origin and the first subprotocol that a client offers are accepted: put nothing
private through it. Connections are logged on stderr.

Examples:
  hawser listen --port 4000
  hawser listen --port 4000 --broadcast`,
    )
    .action(async ({ host, port, broadcast }: ParsedListenOptions) => {
      onExit(await runListen({ host, port, broadcast: broadcast ?? false }, terminal));
    });
}

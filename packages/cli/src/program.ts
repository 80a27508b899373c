import { Command } from 'commander';
import { addBench } from './commands/bench.ts';
import { addConnect } from './commands/connect.ts';
import { EXIT_CODES_HELP, type ProgramContext } from './commands/context.ts';
import { addListen } from './commands/listen.ts';
import { addServe } from './commands/serve.ts';

/**
 * Build the command line: commands, options, help.
 *
 * @param context - the process, or what stands for it
 */
export function createProgram(context: ProgramContext): Command {
  const program = new Command('hawser')
    .description(
      'Realtime in the terminal: a chat playground, a WebSocket client, a server to try clients, a load generator.',
    )
    .version(context.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText(
      'after',
      `
Examples:
  hawser serve                                 the playground on http://127.0.0.1:3000/
  hawser listen --port 4000                    an echo server
  hawser connect ws://127.0.0.1:4000/          talk to it
  echo hi | hawser connect ws://127.0.0.1:4000/
  hawser bench ws://127.0.0.1:4000/            how fast is it?
${EXIT_CODES_HELP}`,
    );
  addServe(program, context);
  addConnect(program, context);
  addListen(program, context);
  addBench(program, context);
  return program;
}

import { Command } from 'commander';
import { type ConnectOptions, runConnect } from './connect/connect.ts';
import type { Streams } from './connect/console.ts';
import { runListen } from './listen.ts';
import {
  collectHeader,
  collectSubprotocol,
  parsePort,
  parseSeconds,
  parseSocketUrl,
  parseWait,
} from './option-values.ts';
import { runServe } from './serve.ts';
import type { Terminal } from './terminal.ts';

/** What the commands need from the process. */
export interface ProgramContext {
  readonly version: string;
  readonly streams: Streams;
  readonly terminal: Terminal;
  /** Receives the exit code of the command that ran. */
  readonly onExit: (exitCode: number) => void;
}

const EXIT_CODES_HELP = `
Exit codes:
  0    done, and closed normally
  1    could not connect or listen, or a file could not be read
  2    the command line is wrong
  3    the connection was open and closed abnormally
  130  interrupted twice, or before the connection was open`;

/**
 * Build the command line: commands, options, help.
 *
 * @param context - the process, or what stands for it
 */
export function createProgram(context: ProgramContext): Command {
  const program = new Command('hawser')
    .description(
      'Realtime in the terminal: a chat playground, a WebSocket client, a WebSocket server to try clients.',
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
${EXIT_CODES_HELP}`,
    );
  addServe(program, context);
  addConnect(program, context);
  addListen(program, context);
  return program;
}

function addServe(program: Command, { terminal, onExit }: ProgramContext): void {
  program
    .command('serve')
    .description(
      'Serve the playground: a chat in the browser over Socket.IO or WebSocket, and a lab of transports.',
    )
    .option('-p, --port <number>', 'port to listen on, 0 for any free one', parsePort, 3000)
    .option('--host <address>', 'address to listen on; 0.0.0.0 lets other machines in', '127.0.0.1')
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

function addConnect(program: Command, { streams, onExit }: ProgramContext): void {
  program
    .command('connect')
    .description('Connect to a WebSocket server: each line you type is a message, each message is shown.')
    .argument('<url>', 'address, ws:// or wss://')
    .option('-b, --binary', 'send each line as a binary message')
    .option('--ping <seconds>', 'send a ping every so often and show each round trip', parseSeconds)
    .option('-s, --subprotocol <name>', 'offer a subprotocol; may be repeated', collectSubprotocol)
    .option('-H, --header <header>', "add a header, as 'Name: value'; may be repeated", collectHeader)
    .option('--origin <origin>', 'send this Origin, as a page from there would')
    .option('--ca <file>', 'trust the certificates in this PEM file')
    .option('--insecure', 'accept any certificate: no protection against impostors')
    .option(
      '--wait <seconds>',
      'silence to wait for after the end of input, or forever (default: 1; 0 at a terminal)',
      parseWait,
    )
    .option('-q, --quiet', 'show messages and errors only')
    .addHelpText(
      'after',
      `
A text message is shown as it is, a binary message as hexadecimal digits. In a pipe, stdout gets the
payloads alone, one per line; all else is on stderr. When the input has ended and nothing has arrived
for --wait seconds, the connection is closed.

Examples:
  hawser connect ws://127.0.0.1:4000/
  hawser connect wss://example.com/feed -s feed.v2 -H 'Authorization: Bearer abc'
  echo '{"type":"ping","sent":1}' | hawser connect ws://127.0.0.1:3000/ws | head -n 1
  hawser connect ws://127.0.0.1:3000/ws --wait forever </dev/null >log.txt
${EXIT_CODES_HELP}`,
    )
    .action(async (url: string, options: ParsedConnectOptions) => {
      onExit(await runConnect(toConnectOptions(parseSocketUrl(url), options), streams));
    });
}

function addListen(program: Command, { terminal, onExit }: ProgramContext): void {
  program
    .command('listen')
    .description('Run a WebSocket server to try clients against: it echoes, or broadcasts.')
    .requiredOption('-p, --port <number>', 'port to listen on, 0 for any free one', parsePort)
    .option('--host <address>', 'address to listen on; 0.0.0.0 lets other machines in', '127.0.0.1')
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

interface ParsedServeOptions {
  readonly host: string;
  readonly port: number;
  readonly open?: boolean;
}

interface ParsedListenOptions {
  readonly host: string;
  readonly port: number;
  readonly broadcast?: boolean;
}

interface ParsedConnectOptions {
  readonly binary?: boolean;
  readonly ping?: number;
  readonly subprotocol?: readonly string[];
  readonly header?: Readonly<Record<string, string>>;
  readonly origin?: string;
  readonly ca?: string;
  readonly insecure?: boolean;
  readonly wait?: number;
  readonly quiet?: boolean;
}

function toConnectOptions(url: string, options: ParsedConnectOptions): ConnectOptions {
  const { binary, ping, subprotocol, header, origin, ca, insecure, wait, quiet } = options;
  return {
    url,
    binary: binary ?? false,
    insecure: insecure ?? false,
    quiet: quiet ?? false,
    subprotocols: subprotocol ?? [],
    headers: header ?? {},
    ...(ping === undefined ? {} : { pingIntervalMs: ping }),
    ...(origin === undefined ? {} : { origin }),
    ...(ca === undefined ? {} : { caFile: ca }),
    ...(wait === undefined ? {} : { waitMs: wait }),
  };
}

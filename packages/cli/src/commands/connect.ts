import type { Command } from 'commander';
import { type ConnectOptions, runConnect } from '../connect/connect.ts';
import {
  collectHeader,
  collectSubprotocol,
  parseSeconds,
  parseSocketUrl,
  parseWait,
} from '../option-values.ts';
import { EXIT_CODES_HELP, type ProgramContext } from './context.ts';

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

/** Add `hawser connect`. */
export function addConnect(program: Command, { streams, onExit }: ProgramContext): void {
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

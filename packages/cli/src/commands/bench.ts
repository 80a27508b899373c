import { type Command, InvalidArgumentError, Option } from 'commander';
import { runBench } from '../bench/bench.ts';
import { MIN_MESSAGE_BYTES } from '../bench/messages.ts';
import { BENCH_LIMITS, type BenchMode, type BenchOptions, type BenchProtocol } from '../bench/options.ts';
import { CommandError } from '../errors.ts';
import {
  collectHeader,
  collectSubprotocol,
  parseEventName,
  parsePath,
  parseSeconds,
  parseSocketUrl,
} from '../option-values.ts';
import { EXIT_CODES_HELP, type ProgramContext } from './context.ts';

interface ParsedBenchOptions {
  readonly protocol?: BenchProtocol;
  readonly mode: BenchMode;
  readonly connections: number;
  readonly rate?: number;
  readonly messagesPerSecond?: number;
  readonly inFlight?: number;
  readonly duration: number;
  readonly timeout: number;
  readonly size: number;
  readonly binary?: boolean;
  readonly header?: Readonly<Record<string, string>>;
  readonly subprotocol?: readonly string[];
  readonly insecure?: boolean;
  readonly path?: string;
  readonly namespace?: string;
  readonly event?: string;
  readonly ack?: boolean;
  readonly json?: string;
  readonly quiet?: boolean;
}

// One in 1000 seconds.
const MIN_RATE = 0.001;

const HELP = `
Every message has a number, and its answer is the message itself, back on the same connection; with
--ack the acknowledgement. An echo server to try it against: hawser listen --port 4000.

Coordinated omission: without --messages-per-second the next message waits for an answer, so a
server that pauses also pauses the load, and few messages see the pause. With it, messages are due
on a schedule that waits for nothing, and latency counts from when a message was due, not from when
it could be sent: the number to trust for how long users wait.

The report is on stdout, progress on stderr. Ctrl-C ends early with the report of what was done.

Examples:
  hawser bench ws://127.0.0.1:4000/
  hawser bench ws://127.0.0.1:4000/ --connections 200 --messages-per-second 5000 --duration 30
  hawser bench ws://127.0.0.1:4000/ --in-flight 32 --size 1024 --binary
  hawser bench wss://example.com/feed --mode listen --connections 1000 --rate 50
  hawser bench http://127.0.0.1:3000/ --event echo --ack --json result.json
${EXIT_CODES_HELP}`;

/** Add `hawser bench`. */
export function addBench(program: Command, { streams, onExit }: ProgramContext): void {
  const command = program
    .command('bench')
    .description('Put load on a WebSocket or Socket.IO server, and tell how long its answers take.')
    .argument('<url>', 'address: ws:// and wss:// for WebSocket, http:// and https:// for Socket.IO')
    .addOption(
      new Option('--protocol <name>', 'what the server speaks (default: by the address)').choices([
        'websocket',
        'socket.io',
      ]),
    )
    .addOption(
      new Option('--mode <mode>', 'send and wait for the answer, only hold connections, or only receive')
        .choices(['echo', 'idle', 'listen'])
        .default('echo'),
    );
  addLoadOptions(command);
  addConnectionOptions(command);
  command
    .option('--json <file>', 'write the report as JSON; - for stdout, in place of the text')
    .option('-q, --quiet', 'show no progress')
    .addHelpText('after', HELP)
    .action(async (url: string, options: ParsedBenchOptions) => {
      onExit(await runBench(toBenchOptions(parseSocketUrl(url), options), streams));
    });
}

function addLoadOptions(command: Command): void {
  command
    .option('-c, --connections <number>', 'how many', wholeNumber(1, BENCH_LIMITS.connections), 10)
    .option(
      '--rate <number>',
      'connections begun per second (default: as fast as they open)',
      positiveNumber(BENCH_LIMITS.connectsPerSecond),
    )
    .addOption(
      new Option('--messages-per-second <number>', 'over all connections, on a schedule')
        .argParser(positiveNumber(BENCH_LIMITS.messagesPerSecond))
        .conflicts('inFlight'),
    )
    .option(
      '--in-flight <number>',
      'unanswered messages that each connection keeps (default: 1)',
      wholeNumber(1, BENCH_LIMITS.inFlight),
    )
    .addOption(
      new Option('-d, --duration <seconds>', 'how long, once all are connected')
        .argParser(secondsUpTo(BENCH_LIMITS.durationMs))
        .default(10_000, '10'),
    )
    .addOption(
      new Option('--timeout <seconds>', 'for a connection to open, and for an answer')
        .argParser(secondsUpTo(BENCH_LIMITS.timeoutMs))
        .default(10_000, '10'),
    )
    .option(
      '--size <bytes>',
      `of a message, from ${MIN_MESSAGE_BYTES} on`,
      wholeNumber(MIN_MESSAGE_BYTES, BENCH_LIMITS.size),
      64,
    )
    .option('-b, --binary', 'binary messages');
}

function addConnectionOptions(command: Command): void {
  command
    .option('-H, --header <header>', "add a header, as 'Name: value'; may be repeated", collectHeader)
    .option('-s, --subprotocol <name>', 'WebSocket: offer a subprotocol; may be repeated', collectSubprotocol)
    .option('--insecure', 'accept any certificate: no protection against impostors')
    .option('--path <path>', 'Socket.IO: where the server answers (default: /socket.io/)', parsePath)
    .option('--namespace <name>', 'Socket.IO: the namespace (default: the path of the address)', parsePath)
    .option('--event <name>', 'Socket.IO: the event to send (default: message)', parseEventName)
    .option('--ack', 'Socket.IO: the answer is the acknowledgement of the event');
}

function toBenchOptions(url: string, options: ParsedBenchOptions): BenchOptions {
  const protocol = options.protocol ?? (/^ws/i.test(url) ? 'websocket' : 'socket.io');
  refuseOptionsOfOther(protocol, options);
  const { mode, connections, rate, messagesPerSecond, inFlight, duration, timeout, size } = options;
  const { binary, header, subprotocol, insecure, json, quiet } = options;
  const { path, namespace, event, ack } = options;
  return {
    url,
    protocol,
    mode,
    connections,
    inFlight: inFlight ?? 1,
    durationMs: duration,
    timeoutMs: timeout,
    size,
    binary: binary ?? false,
    headers: header ?? {},
    subprotocols: subprotocol ?? [],
    insecure: insecure ?? false,
    quiet: quiet ?? false,
    socketIo: {
      path: path ?? '/socket.io/',
      event: event ?? 'message',
      ack: ack ?? false,
      ...(namespace === undefined ? {} : { namespace }),
    },
    ...(rate === undefined ? {} : { connectsPerSecond: rate }),
    ...(messagesPerSecond === undefined ? {} : { messagesPerSecond }),
    ...(json === undefined ? {} : { jsonFile: json }),
  };
}

// An option that would do nothing is a misunderstanding.
function refuseOptionsOfOther(protocol: BenchProtocol, options: ParsedBenchOptions): void {
  const { path, namespace, event, ack, subprotocol, mode, messagesPerSecond, inFlight } = options;
  const refuse = (given: Readonly<Record<string, unknown>>, why: string) => {
    const name = Object.keys(given).find((key) => given[key] !== undefined);
    if (name !== undefined) throw new CommandError('USAGE', `${name} ${why}`);
  };
  if (protocol === 'websocket') {
    const why = 'is for Socket.IO: give an http:// address, or --protocol socket.io';
    refuse({ '--path': path, '--namespace': namespace, '--event': event, '--ack': ack }, why);
  } else {
    refuse(
      { '--subprotocol': subprotocol },
      'is for WebSocket: give a ws:// address, or --protocol websocket',
    );
  }
  if (mode !== 'echo') {
    const given = { '--messages-per-second': messagesPerSecond, '--in-flight': inFlight };
    refuse(given, `is for --mode echo: with ${mode} nothing is sent`);
  }
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(number >= least && number <= most)) {
      throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
    }
    return number;
  };
}

function positiveNumber(most: number): (text: string) => number {
  return (text) => {
    const number = /^(\d{1,15}\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
    if (!(number >= MIN_RATE && number <= most)) {
      throw new InvalidArgumentError(`Give a number from ${MIN_RATE} to ${most}.`);
    }
    return number;
  };
}

function secondsUpTo(mostMs: number): (text: string) => number {
  return (text) => {
    const durationMs = parseSeconds(text);
    if (durationMs > mostMs) throw new InvalidArgumentError(`At most ${mostMs / 1000} seconds.`);
    return durationMs;
  };
}

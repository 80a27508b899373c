import { type ServerSocket, type UpgradeDecision, type UpgradeRequest, WebSocketServer } from '@hawser/ws';
import { describeClose } from './close-codes.ts';
import { listenError } from './errors.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { listenForInterrupt } from './interrupt.ts';
import { printable, type Terminal } from './terminal.ts';
import { formatUrl } from './url.ts';

/** Options of `hawser listen`. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Send each message to everyone else instead of back to its sender. */
  readonly broadcast: boolean;
}

interface Visitor {
  readonly number: number;
  readonly path: string;
}

const EVERYONE = 'everyone';
// Room for trying large messages: the largest one fits into the send buffer several times.
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;

/**
 * Run `hawser listen`: an echo or broadcast server, until Ctrl-C.
 *
 * @returns the exit code
 */
export async function runListen(options: ListenOptions, terminal: Terminal): Promise<number> {
  const { host, port, broadcast } = options;
  const server = createTrialServer(broadcast, terminal);
  const address = await server.listen({ host, port }).catch((error: unknown) => {
    throw listenError(error, { host, port });
  });
  const interrupt = listenForInterrupt();
  const mode = broadcast ? 'broadcasts to the others' : 'echoes';
  terminal.print(`listening: ${formatUrl('ws', host, address.port)} (${mode}, Ctrl-C stops)`);
  await interrupt.interrupted;
  terminal.note('closing the connections (Ctrl-C again to force)');
  await server.close({ code: 1001, reason: 'the server is shutting down' });
  interrupt.dispose();
  return EXIT_CODES.ok;
}

function createTrialServer(broadcast: boolean, terminal: Terminal): WebSocketServer<Visitor> {
  let visitors = 0;
  const server = new WebSocketServer<Visitor>({
    maxMessageBytes: MAX_MESSAGE_BYTES,
    maxBufferedBytes: MAX_BUFFERED_BYTES,
    // Made for trying clients, pages from any development server among them; it has nothing to protect.
    allowedOrigins: '*',
    upgrade: (request) => acceptVisitor(request, ++visitors),
    open(socket) {
      if (broadcast) socket.subscribe(EVERYONE);
      terminal.note(describeVisitor(socket));
    },
    message(socket, data, isBinary) {
      if (broadcast) server.publish(EVERYONE, data, { binary: isBinary, except: socket });
      else socket.send(data, { binary: isBinary });
    },
    close({ data: { number } }, code, reason) {
      terminal.note(`#${number} closed with ${printable(describeClose(code, reason))}`);
    },
    error: (error) => terminal.note(printable(error.message)),
  });
  return server;
}

// A client that offers subprotocols may insist on one: it gets its first choice.
function acceptVisitor({ url, protocols }: UpgradeRequest, number: number): UpgradeDecision<Visitor> {
  const data = { number, path: url ?? '/' };
  const [protocol] = protocols;
  return protocol === undefined ? { data } : { data, protocol };
}

function describeVisitor({ data: { number, path }, protocol, remoteAddress }: ServerSocket<Visitor>): string {
  const subprotocol = protocol === '' ? '' : `, subprotocol ${protocol}`;
  return printable(`#${number} connected from ${remoteAddress} to ${path}${subprotocol}`);
}

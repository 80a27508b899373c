import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type {
  client as Client,
  connection as Connection,
  IClientConfig,
  IServerConfig,
  request as Request,
  server as Server,
} from 'websocket';
import { type RawPeer, requestRaw } from '../../../ws/test/rig/raw-peer.ts';
import { startRawServer } from '../../../ws/test/rig/raw-server.ts';
import { Journal } from './journal.ts';
import type { Library } from './libraries.ts';

/** A server of the library on a free port, cut down when the test ends. */
export async function startServer(
  library: Library,
  config: Partial<IServerConfig> = {},
): Promise<{ server: Server; port: number; url: string }> {
  const httpServer = createServer((_request, response) => response.writeHead(404).end());
  const server = new library.server({ httpServer, ...config });
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const connection of [...server.connections]) connection.drop();
    server.unmount();
    httpServer.closeAllConnections();
    httpServer.close();
  });
  const { port } = httpServer.address() as AddressInfo;
  return { server, port, url: `ws://127.0.0.1:${port}/` };
}

/** One connection of a server, and what is done at both ends. */
export interface ServerScenario {
  readonly config?: Partial<IServerConfig>;
  readonly headers?: Record<string, string | undefined>;
  readonly path?: string;
  /** What the program does with the request; it accepts it, unless told otherwise. */
  readonly request?: ((request: Request, journal: Journal) => Connection | undefined) | undefined;
  /** What the program does with the connection, at once. */
  readonly connection?: (connection: Connection, journal: Journal) => void;
  /** What the peer does once it has the answer's head. */
  readonly peer?: (peer: RawPeer, journal: Journal) => Promise<void> | void;
}

/** Plays a scenario to its end, and returns what happened: events, arguments, states, and all that was written. */
export async function playServer(library: Library, scenario: ServerScenario): Promise<unknown> {
  const journal = new Journal();
  const { server, port } = await startServer(library, { closeTimeout: 500, ...scenario.config });
  let closed: Promise<void> = Promise.resolve();
  server.on('request', (request) => {
    const accept = scenario.request ?? ((incoming: Request) => incoming.accept(null, incoming.origin));
    const connection = accept(request, journal);
    if (connection === undefined) return;
    journal.watch(connection);
    closed = new Promise((resolve) => connection.on('close', () => resolve()));
    scenario.connection?.(connection, journal);
  });
  server.on('close', (_connection, code, description) => journal.note('server close', code, description));
  const peer = await requestRaw(port, scenario.headers, scenario.path);
  const head = await peer.head();
  await scenario.peer?.(peer, journal);
  const written = await peer.readToEnd();
  peer.stream.end();
  await closed;
  return {
    head,
    written: written.toString('latin1'),
    journal: journal.entries,
    left: server.connections.length,
  };
}

/** One connection of a client. */
export interface ClientScenario {
  readonly config?: IClientConfig;
  readonly connect?: (client: Client, url: string) => void;
  readonly connection?: (connection: Connection, journal: Journal) => void;
  /** What the server does once it has answered. */
  readonly peer?: (peer: RawPeer, journal: Journal) => Promise<void> | void;
}

/** Plays a scenario of a client that gets a connection. Frames are compared unmasked: masks are random. */
export async function playClient(library: Library, scenario: ClientScenario): Promise<unknown> {
  const journal = new Journal();
  const rawServer = await startRawServer();
  const client = new library.client({ closeTimeout: 500, ...scenario.config });
  const closed = new Promise<void>((resolve, reject) => {
    client.on('connectFailed', reject);
    client.on('connect', (connection) => {
      journal.watch(connection);
      connection.on('close', () => resolve());
      scenario.connection?.(connection, journal);
    });
  });
  if (scenario.connect === undefined) client.connect(rawServer.url);
  else scenario.connect(client, rawServer.url);
  const peer = await rawServer.open();
  await scenario.peer?.(peer, journal);
  const frames: unknown[] = [];
  await peer.ended;
  while (peer.unreadBytes > 0) frames.push(await peer.frame());
  peer.stream.end();
  await closed;
  return { frames, journal: journal.entries };
}

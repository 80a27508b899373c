import type {
  client as Client,
  connection as Connection,
  IClientConfig,
  IServerConfig,
  Message,
  server as Server,
} from 'websocket';
import { Queue } from '../../../ws/test/rig/queue.ts';
import { openRaw, type RawPeer } from '../../../ws/test/rig/raw-peer.ts';
import type { Library } from './libraries.ts';
import { startServer } from './scenarios.ts';

/** Connects a client of the library. */
export function connectClient(
  library: Library,
  url: string,
  config?: IClientConfig,
): Promise<{ client: Client; connection: Connection; messages: Queue<Message> }> {
  const client = new library.client(config);
  return new Promise((resolve, reject) => {
    client.on('connectFailed', reject);
    client.on('connect', (connection) => {
      const messages = new Queue<Message>();
      connection.on('message', (message) => messages.push(message));
      resolve({ client, connection, messages });
    });
    client.connect(url);
  });
}

/** A connection of a server of the library to a peer that says just what a test has it say. */
export async function openServerSide(
  library: Library,
  config: Partial<IServerConfig> = {},
): Promise<{ server: Server; connection: Connection; peer: RawPeer; url: string }> {
  const { server, port, url } = await startServer(library, { autoAcceptConnections: true, ...config });
  const accepted = new Promise<Connection>((resolve) => server.once('connect', resolve));
  const peer = await openRaw(port);
  return { server, connection: await accepted, peer, url };
}

/** Waits for a connection's `close`. */
export function closeOf(connection: Connection): Promise<{ code: number; description: string }> {
  return new Promise((resolve) => {
    connection.on('close', (code, description) => resolve({ code, description }));
  });
}

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { attachChat } from './chat/chat-server.ts';
import { listenError } from './errors.ts';
import { createHttpListener, createUpgradeRefusal } from './http-listener.ts';
import { attachLab } from './lab/lab.ts';
import { createSocketIoServer } from './socket-io.ts';
import { readStaticFiles } from './static-files.ts';
import { formatUrl } from './url.ts';

/** The path of the playground's plain WebSocket address. */
const SOCKET_PATH = '/ws';

// The same from src/ and from dist/.
const STATIC_FOLDER = join(__dirname, '..', 'static');

const LAB_PATH = '/lab.html';

/** Where the playground listens. */
export interface PlaygroundOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Is told of failures that no one else owns. */
  readonly onError: (error: Error) => void;
}

/** A running playground. */
export interface Playground {
  /** The page's address, with the real port. */
  readonly url: string;
  /** The address of the lab. */
  readonly labUrl: string;
  /** Say goodbye to every connection, then stop listening. */
  close(): Promise<void>;
}

/**
 * Serve the pages of the playground, with its chat and its lab.
 *
 * @throws {LISTEN_FAILED} when the address cannot be had
 * @throws {FILE_UNREADABLE} when the page's files cannot be read
 */
export async function startPlayground({ host, port, onError }: PlaygroundOptions): Promise<Playground> {
  const files = await readStaticFiles(STATIC_FOLDER);
  const http = createServer(createHttpListener(files, { socketPath: SOCKET_PATH, labPath: LAB_PATH }));
  const io = createSocketIoServer(http);
  const chat = attachChat({ http, path: SOCKET_PATH, io, onError });
  const lab = attachLab(io, host, onError);
  http.on(
    'upgrade',
    createUpgradeRefusal((path) => path === SOCKET_PATH || path.startsWith(io.path())),
  );
  const address = await listen(http, host, port);
  http.on('error', onError);
  const url = formatUrl('http', host, address.port);
  return {
    url,
    // Not by URL, which knows no zones.
    labUrl: url + LAB_PATH.slice(1),
    async close() {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      http.closeIdleConnections();
      await Promise.all([chat.close(), lab.close()]);
      http.closeAllConnections();
      await closed;
    },
  };
}

function listen(http: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error) => reject(listenError(error, { host, port }));
    http.once('error', onError);
    http.listen(port, host, () => {
      http.off('error', onError);
      resolve(http.address() as AddressInfo);
    });
  });
}
